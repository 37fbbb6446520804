"""The version of this package, which is the version of Postrider."""

VERSION = "0.1.0"
