//! The files of `data/` are read while this crate is compiled, which Cargo does
//! not see by itself: a changed file has to compile it anew.
#![allow(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]

fn main() {
    println!("cargo:rerun-if-changed=../../data");
}
