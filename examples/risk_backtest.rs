//! Every risk model on every portfolio, judged by every test: the table behind the default model.
fn main() {}
