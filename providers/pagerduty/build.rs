//! Fixtures are embedded; cargo does not see new ones by itself.

fn main() {
    println!("cargo:rerun-if-changed=fixtures");
}
