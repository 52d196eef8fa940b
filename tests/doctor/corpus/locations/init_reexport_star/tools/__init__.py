from tools.inner import *
