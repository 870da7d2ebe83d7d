//! Prints the slugs of the providers that are compiled in, one a line.

fn main() {
    for registration in userdir::Registry::compiled_in().providers() {
        println!("{}", registration.definition.slug);
    }
}
