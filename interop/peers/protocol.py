"""The conversation with the tests: one JSON request a line on standard input, one JSON answer a line on standard output."""

import json
import sys
import traceback


def serve(operations, refusal):
    """Answers requests until the input ends.

    A request names what to do in `do`; `operations[do]` does it with the other members. An exception of a type in `refusal`
    is the library's verdict and answered as `refused`, any other as `error`, which fails the test.
    """
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = operations[request.pop("do")](**request)
        except refusal as error:
            answer = {"refused": repr(error)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
