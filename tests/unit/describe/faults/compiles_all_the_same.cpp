// expect: some words
int main() {}
