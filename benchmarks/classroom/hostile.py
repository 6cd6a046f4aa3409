"""Code that attacks its grader: what a function of the student's does, and the verdicts that this may end with."""

ATTACKS = {
    "leaves": ("import os\nos._exit(0)", ["error"]),
    "leaves politely": ("import sys\nsys.exit(0)", ["error"]),
    "says that it passed": ("print('PASS 17/17'); print('{\"kind\": \"value\"}')\nreturn None", ["fail"]),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", ["error"]),
    "kills everyone": (
        "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getppid(), 9)\nos._exit(1)",
        ["error"],
    ),
    "crashes": ("import ctypes\nctypes.string_at(0)", ["error"]),
    "forks": (  # once: children that nobody buries are processes and hold no memory, so it ends the same each time
        "import os\nfor _ in range(0 if os.path.exists('forked') else 200):\n    try:\n        if os.fork() == 0:\n"
        "            os._exit(0)\n    except OSError:\n        break\nopen('forked', 'w').close()\nreturn None",
        ["fail"],
    ),
    "takes all memory": ("kept = [bytearray(2**27) for _ in range(100)]\nreturn kept", ["memory"]),
    "prints without end": ("while True:\n    print('x' * 2**20)", ["error"]),
    "never ends": ("while True:\n    continue", ["timeout"]),
    "reads what is not its own": (
        "import glob, os\nfound = []\nfor name in glob.glob('/home/*') + glob.glob('/proc/*/environ') + ['/etc/shadow']:\n"
        "    try:\n        found.append(open(name).read())\n    except OSError:\n        continue\nreturn found",
        ["fail", "error"],
    ),
    "calls home": (
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError:\n    return 'no network'\n"
        "return 'network'",
        ["fail"],
    ),
    "writes to the channel": (
        "import os\nfor number in range(3, 20):\n    try:\n        os.write(number, b'\\xff' * 64)\n"
        "    except OSError:\n        continue\nreturn None",
        ["error"],
    ),
    "closes everything": ("import os, time\nos.closerange(0, 100)\ntime.sleep(0.1)\nos._exit(0)", ["error"]),
    "recurses": ("def deeper(n):\n    return deeper(n + 1)\nreturn deeper(0)", ["error"]),
    "returns what cannot be sent": ("return object()", ["fail"]),
    "fills the disk": (
        "try:\n    with open('/tmp/full', 'wb') as stream:\n        while True:\n            stream.write(b'x' * 2**20)\n"
        "except OSError:\n    return None",
        ["fail", "error"],
    ),
}


def attack(kind: str, functions: tuple[str, ...]) -> bytes:
    """A file whose functions all do this."""
    body = "".join(f"    {line}\n" for line in ATTACKS[kind][0].splitlines())
    return "\n\n".join(f"def {name}(*arguments, **options):\n{body}" for name in functions).encode()
