// expect: some words
static_assert(false, "other words");
