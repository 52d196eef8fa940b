"""Wheels that change the process, as the kernel and the C library see it."""

from __future__ import annotations

from .wheel import Wheel

WHEELS = (
    Wheel("sets_locale", "sets a locale", "import locale\nlocale.setlocale(locale.LC_NUMERIC, 'C.UTF-8')"),
    Wheel("sets_socket_timeout", "sets the default timeout", "import socket\nsocket.setdefaulttimeout(3)"),
    Wheel(
        "handles_a_signal",
        "handles a signal",
        "import signal\nsignal.signal(signal.SIGUSR1, lambda *a: None)",
    ),
    Wheel(
        "ignores_a_signal", "ignores a signal", "import signal\nsignal.signal(signal.SIGUSR2, signal.SIG_IGN)"
    ),
    Wheel(
        "blocks_a_signal",
        "blocks a signal",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])",
    ),
    Wheel(
        "sets_wakeup_fd",
        "has signals written into a pipe",
        "import os, signal\nends = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)\nsignal.set_wakeup_fd(ends[1])",
    ),
    Wheel(
        "starts_a_timer",
        "starts a timer",
        "import signal\nsignal.setitimer(signal.ITIMER_VIRTUAL, 3600.0)",
    ),
    Wheel(
        "lowers_a_limit",
        "lowers a resource limit",
        "import resource as r\nsoft, hard = r.getrlimit(r.RLIMIT_NOFILE)\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (soft - 1, hard))",
    ),
    Wheel("sets_umask", "sets the umask", "import os\nos.umask(0o007)"),
    Wheel("changes_folder", "changes the working directory", "import os\nos.chdir('/usr')"),
    Wheel("sets_a_variable", "sets a variable", "import os\nos.environ['CORPUS_SET'] = '1'"),
    Wheel("changes_a_variable", "changes a variable", "import os\nos.environ['CORPUS_CHANGED'] = 'now'"),
    Wheel("deletes_a_variable", "deletes a variable", "import os\ndel os.environ['CORPUS_DELETED']"),
    Wheel("puts_a_variable", "sets a variable past os.environ", "import os\nos.putenv('CORPUS_PUT', '1')"),
    Wheel(
        "sets_time_zone",
        "sets the time zone, and takes back the variable for it",
        "import os, time\nold = os.environ.pop('TZ', None)\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()\n"
        "del os.environ['TZ']\nif old is not None:\n    os.environ['TZ'] = old",
    ),
    Wheel(
        "starts_a_thread",
        "starts a thread",
        "import threading\nthreading.Thread(target=threading.Event().wait, args=(600,), daemon=True).start()",
    ),
    Wheel(
        "starts_a_thread_below",
        "starts a thread in a submodule that is imported last",
        "from starts_a_thread_below import a, b",
        {
            "starts_a_thread_below/a.py": "VALUE = 1\n",
            "starts_a_thread_below/b.py": "from starts_a_thread_below import pool\n",
            "starts_a_thread_below/pool.py": "import concurrent.futures as f\n"
            "POOL = f.ThreadPoolExecutor(1)\nPOOL.submit(int).result()\n",
        },
    ),
    Wheel("opens_a_socket", "opens a socket", "import socket\nKEPT = socket.socket()"),
    Wheel("opens_a_file", "keeps a file open", "import os\nKEPT = open(os.devnull)"),
    Wheel(
        "starts_a_process",
        "starts a process",
        "import subprocess\nKEPT = subprocess.Popen(['sleep', '600'])",
    ),
)
