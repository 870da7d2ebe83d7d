//! The migrations are embedded at compile time; without this line a new file in the folder would go unnoticed.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
