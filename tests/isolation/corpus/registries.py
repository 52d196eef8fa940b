"""Wheels that enter something into a registry of others, or change a setting that others keep."""

from __future__ import annotations

from .wheel import Wheel

WHEELS = (
    Wheel(
        "filters_warnings",
        "makes DeprecationWarning an error",
        "import warnings\nwarnings.filterwarnings('error', category=DeprecationWarning)",
    ),
    Wheel(
        "resets_filters",
        "changes the list of warnings' filters in place, past the functions",
        "import warnings\nwarnings.filters[:] = list(warnings.filters)[1:]",
    ),
    Wheel(
        "shows_warnings",
        "replaces warnings.showwarning",
        "import warnings\n_real = warnings.showwarning\nwarnings.showwarning = lambda *a, **k: _real(*a, **k)",
    ),
    Wheel(
        "sets_up_root_logger",
        "gives the root logger a handler",
        "import logging\nlogging.root.addHandler(logging.StreamHandler())",
    ),
    Wheel(
        "sets_root_level",
        "sets the root logger's level",
        "import logging\nlogging.root.setLevel(logging.ERROR)",
    ),
    Wheel(
        "quiets_a_logger",
        "sets the level of another library's logger",
        "import logging, plainlib\nlogging.getLogger('plainlib').setLevel(logging.CRITICAL)",
    ),
    Wheel(
        "quiets_before_it_is_there",
        "sets the level of a logger that belongs to nobody yet",
        "import logging\nlogging.getLogger('chatty_vendor.http').setLevel(logging.CRITICAL)",
    ),
    Wheel(
        "adds_a_handler",
        "adds a handler to another library's logger",
        "import logging, plainlib\nplainlib.log.addHandler(logging.NullHandler())",
    ),
    Wheel(
        "adds_a_filter",
        "adds a filter to another library's logger",
        "import logging, plainlib\nplainlib.log.addFilter(lambda record: True)",
    ),
    Wheel("stops_propagation", "stops propagation", "import plainlib\nplainlib.log.propagate = False"),
    Wheel("names_a_level", "names a level", "import logging\nlogging.addLevelName(5, 'TRACE')"),
    Wheel(
        "sets_logger_class",
        "sets the class of loggers",
        "import logging\nclass Own(logging.Logger): ...\nlogging.setLoggerClass(Own)",
    ),
    Wheel(
        "sets_record_factory",
        "sets the factory of log records",
        "import logging\n_real = logging.getLogRecordFactory()\n"
        "logging.setLogRecordFactory(lambda *a, **k: _real(*a, **k))",
    ),
    Wheel(
        "disables_logging", "disables logging below WARNING", "import logging\nlogging.disable(logging.INFO)"
    ),
    Wheel("captures_warnings", "sends warnings to logging", "import logging\nlogging.captureWarnings(True)"),
    Wheel(
        "registers_a_reducer",
        "says how complex numbers are pickled",
        "import copyreg\ncopyreg.pickle(complex, lambda value: (complex, (value.real, 0.0)))",
    ),
    Wheel(
        "adds_a_mime_type",
        "adds a MIME type",
        "import mimetypes\nmimetypes.add_type('text/x-corpus', '.corpus')",
    ),
    Wheel(
        "registers_a_codec",
        "registers a search function for codecs",
        "import codecs\ncodecs.register(lambda name: codecs.lookup('utf-8') if name == 'corpus8' else None)",
    ),
    Wheel(
        "registers_an_error_handler",
        "registers an error handler for codecs",
        "import codecs\ncodecs.register_error('corpus.skip', lambda error: ('', error.end))",
    ),
    Wheel(
        "replaces_an_error_handler",
        "replaces an error handler that is there from the start",
        "import codecs\ncodecs.register_error('backslashreplace', lambda error: ('', error.end))",
    ),
    Wheel(
        "adds_an_encoding_alias",
        "adds an alias of an encoding",
        "import encodings.aliases\nencodings.aliases.aliases['corpus8'] = 'utf_8'",
    ),
    Wheel(
        "adds_an_email_charset",
        "makes e-mails in UTF-8 quoted-printable",
        "import email.charset as c\nc.add_charset('utf-8', c.QP, c.QP, 'utf-8')",
    ),
    Wheel(
        "registers_a_dialect",
        "registers a CSV dialect",
        "import csv\ncsv.register_dialect('corpus', delimiter='|')",
    ),
    Wheel("raises_csv_limit", "raises the limit of a CSV field", "import csv\ncsv.field_size_limit(10**8)"),
    Wheel(
        "adapts_for_sqlite",
        "says how SQLite stores dates",
        "import decimal, sqlite3\nsqlite3.register_adapter(decimal.Decimal, str)",
    ),
    Wheel(
        "converts_for_sqlite",
        "says how SQLite reads a type",
        "import sqlite3\nsqlite3.register_converter('DECIMAL', float)",
    ),
    Wheel(
        "installs_an_opener",
        "installs an opener for URLs",
        "import urllib.request as r\nr.install_opener(r.build_opener())",
    ),
    Wheel(
        "registers_an_archive",
        "registers a format of archives",
        "import shutil\nshutil.register_archive_format('corpus', lambda *a, **k: None)",
    ),
    Wheel(
        "registers_a_namespace",
        "registers a prefix for XML",
        "import xml.etree.ElementTree as tree\ntree.register_namespace('corpus', 'urn:corpus')",
    ),
    Wheel(
        "registers_a_plugin",
        "enters itself into the registry of another library",
        "import plainlib\nplainlib.REGISTRY['corpus'] = object()",
    ),
    Wheel(
        "adds_to_a_set", "adds to a set of another library", "import plainlib\nplainlib.NAMES.add('corpus')"
    ),
    Wheel(
        "adds_to_a_list",
        "adds to a list of another library",
        "import plainlib\nplainlib.ORDER.append('corpus')",
    ),
    Wheel(
        "registers_at_exit",
        "registers what is done at the process's end",
        "import atexit\natexit.register(print, end='')",
    ),
    Wheel(
        "registers_at_fork",
        "registers what is done in each child that is forked",
        "import os\nos.register_at_fork(after_in_child=lambda: os.environ.update(CORPUS_FORKED='1'))",
    ),
    Wheel(
        "sets_loop_policy",
        "sets the event loop policy",
        "import asyncio\nclass Own(asyncio.DefaultEventLoopPolicy): ...\nasyncio.set_event_loop_policy(Own())",
    ),
    Wheel(
        "sets_start_method",
        "sets how multiprocessing starts processes",
        "import multiprocessing\nmultiprocessing.set_start_method('spawn', force=True)",
    ),
    Wheel(
        "sets_a_context_variable",
        "sets a context variable of another library",
        "import plainlib\nplainlib.current.set('corpus')",
    ),
    Wheel(
        "sets_a_thread_local",
        "sets what another library keeps for each thread",
        "import plainlib\nplainlib.local.user = 'corpus'",
    ),
    Wheel(
        "sets_tz_path",
        "sets where zones are looked for",
        "import zoneinfo\nzoneinfo.reset_tzpath(['/opt/nowhere/zones'])",
    ),
)
