//! Signatures of functions: `size(list(A)) int`, or `(string).charAt(int) string` for a call on a target. One capital
//! letter stands for any type.

use crate::cel::library_type::LibraryType;
use crate::cel::types::Type;

/// One way to call a function.
#[derive(Clone, Debug)]
pub struct Overload {
    /// Whether it is called on a target, which is the first of the arguments then.
    pub is_member: bool,
    pub args: Vec<Type>,
    pub result: Type,
    /// How many type parameters it has.
    pub params: u32,
}

/// Reads a signature; the name first. Only the tables of this room are read, so a mistake is an error of the program.
pub fn parse(text: &'static str) -> (&'static str, Overload) {
    let mut reader = Reader { rest: text, whole: text, params: 0 };
    let is_member = reader.accept("(");
    let mut args = Vec::new();
    if is_member {
        args.push(reader.a_type());
        reader.expect(").");
    }
    let name = reader.name();
    reader.expect("(");
    while !reader.accept(")") {
        args.push(reader.a_type());
        reader.accept(", ");
    }
    reader.expect(" ");
    let result = reader.a_type();
    (name, Overload { is_member, args, result, params: reader.params })
}

struct Reader {
    rest: &'static str,
    whole: &'static str,
    params: u32,
}

impl Reader {
    fn accept(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) {
        assert!(self.accept(text), "{} wants {text} before {}", self.whole, self.rest);
    }

    fn name(&mut self) -> &'static str {
        let end = self.rest.find('(').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    fn a_type(&mut self) -> Type {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "list" => Type::list(self.inside()),
            "optional" => Type::optional(self.inside()),
            "map" => {
                self.expect("(");
                let key = self.a_type();
                self.expect(", ");
                let value = self.a_type();
                self.expect(")");
                Type::map(key, value)
            }
            "type" => Type::Type(Some(std::sync::Arc::new(self.inside()))),
            "dyn" => Type::Dyn,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration,
            "url" => Type::Library(LibraryType::Url),
            "quantity" => Type::Library(LibraryType::Quantity),
            "ip" => Type::Library(LibraryType::Ip),
            "cidr" => Type::Library(LibraryType::Cidr),
            "semver" => Type::Library(LibraryType::Semver),
            "format" => Type::Library(LibraryType::Format),
            "authorizer" => Type::Library(LibraryType::Authorizer),
            "pathCheck" => Type::Library(LibraryType::PathCheck),
            "groupCheck" => Type::Library(LibraryType::GroupCheck),
            "resourceCheck" => Type::Library(LibraryType::ResourceCheck),
            "decision" => Type::Library(LibraryType::Decision),
            letter => {
                assert!(letter.len() == 1, "{} has no type {letter}", self.whole);
                let number = u32::from(letter.as_bytes()[0] - b'A');
                self.params = self.params.max(number + 1);
                Type::Param(number)
            }
        }
    }

    fn inside(&mut self) -> Type {
        self.expect("(");
        let inside = self.a_type();
        self.expect(")");
        inside
    }
}
