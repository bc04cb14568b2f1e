"""`ftstress try`: what a package's source says of its tests, made into a suite file.

source    name, version, requirements, places of tests: what stands in the source
needs     which of the requirements are those of its tests
collect   are the tests found, and what do they miss? asked of `ftstress --list`
draft     the suite file
__main__  one after the other
"""
