//! Where and with what is measured.

use std::path::Path;
use std::process::Command;

/// What a report says of the machine, a name and a value each.
pub(crate) fn description() -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    vec![
        ("Processor", processor()),
        ("Cores", cores.to_string()),
        ("System", first_line("uname", &["-sm"])),
        ("Compiler", first_line("rustc", &["--version"])),
        ("Date", chrono::Utc::now().format("%Y-%m-%d").to_string()),
    ]
}

/// The versions that stand in the benchmarks' Cargo.lock of those of `crates` that are there.
pub(crate) fn versions(crates: &[&str]) -> Vec<String> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let packages: Vec<(&str, &str)> = lines
        .windows(2)
        .filter_map(|pair| Some((value(pair[0], "name")?, value(pair[1], "version")?)))
        .collect();
    let of = |wanted: &&str| packages.iter().filter(|(name, _)| name == wanted).collect::<Vec<_>>();
    crates.iter().flat_map(of).map(|(name, version)| format!("{name} {version}")).collect()
}

fn value<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

fn processor() -> String {
    let text = output("lscpu", &[]);
    let name = text.lines().find_map(|line| line.trim().strip_prefix("Model name:")).map(str::trim);
    name.unwrap_or("unknown").to_owned()
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    output(program, arguments).lines().next().unwrap_or("unknown").to_owned()
}

/// What `program` prints; nothing if it is not there.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).env("LC_ALL", "C").args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}
