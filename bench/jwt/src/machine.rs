//! Where and with what was measured.

use std::path::Path;
use std::process::Command;

/// What the report says of the machine and the programs, a name and a value each.
#[must_use]
pub fn description() -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    vec![
        ("Processor", lscpu("Model name:")),
        ("Cores", cores.to_string()),
        ("Compiler", first_line("rustc", &["--version"])),
        ("Crates", versions().join(", ")),
        ("Date", chrono::Utc::now().format("%Y-%m-%d").to_string()),
    ]
}

fn lscpu(name: &str) -> String {
    let output = Command::new("lscpu").env("LC_ALL", "C").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let value = text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    value.unwrap_or("unknown").to_owned()
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// The versions in Cargo.lock of what is compared.
fn versions() -> Vec<String> {
    const COMPARED: [&str; 12] = [
        "countersign-jwt",
        "aws-lc-rs",
        "aws-lc-sys",
        "hmac",
        "jsonwebtoken",
        "jwt",
        "jwt-compact",
        "jwt-simple",
        "boring",
        "josekit",
        "jwtk",
        "openssl",
    ];
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let value = |line: &str, key: &str| {
        line.strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(" = "))
            .map(|rest| rest.trim_matches('"').to_owned())
    };
    let packages =
        lines.windows(2).filter_map(|pair| Some((value(pair[0], "name")?, value(pair[1], "version")?)));
    let packages: Vec<(String, String)> = packages.collect();
    let of = |wanted: &&str| packages.iter().filter(|(name, _)| name == wanted).cloned().collect::<Vec<_>>();
    COMPARED.iter().flat_map(of).map(|(name, version)| format!("{name} {version}")).collect()
}
