"""A server of WSGI that gives an application no socket: `python -m apps.wsgiref_main PORT`."""

import sys
from wsgiref.simple_server import make_server

from apps.plain_wsgi import app

make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
