// A mistake that nobody announced.
static_assert(false);
