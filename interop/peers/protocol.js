'use strict';
// The conversation with the tests: one JSON request a line on standard input, one JSON answer a line on standard output.

const readline = require('node:readline');

/**
 * Answers requests until the input ends. A request names what to do in `do`; `operations[do]` does it. An error that
 * `isRefusal` says is the library's verdict is answered as `refused`, any other as `error`, which fails the test.
 */
exports.serve = async (operations, isRefusal) => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
      answer = await operations[request.do](request);
    } catch (error) {
      answer = isRefusal(error) ? { refused: String(error) } : { error: error.stack };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
};
