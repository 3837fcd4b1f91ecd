/* A shared library that has nothing to do with dispytch. */
int dispytch_test_plain_library(void);
int dispytch_test_plain_library(void) { return 0; }
