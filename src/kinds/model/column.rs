//! `Column`: a column of the table that `kubectl get` prints.

use crate::schema::Text;

const METADATA: &str = "apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// A table column.
#[derive(Clone)]
pub struct Column {
    /// Heading.
    pub name: Text,
    /// `string`, `integer`, `date`.
    pub kind: Text,
    /// `name` for the name column, else empty.
    pub format: Text,
    /// Its description.
    pub doc: Doc,
    /// 0 is always shown, 1 with `-o wide`.
    pub priority: i32,
}

/// A column's description.
#[derive(Clone)]
pub enum Doc {
    /// The description of this field of this message, joined at run time.
    Field(&'static str, &'static str),
    /// A text.
    Text(Text),
}

impl Doc {
    /// A text that is known when the program is built.
    pub const fn text(text: &'static str) -> Self {
        Self::Text(Text::Borrowed(text))
    }
}

impl Column {
    /// A column of strings that is always shown.
    pub const fn new(name: &'static str, doc: Doc) -> Self {
        Self {
            name: Text::Borrowed(name),
            kind: Text::Borrowed("string"),
            format: Text::Borrowed(""),
            doc,
            priority: 0,
        }
    }

    /// The name column.
    pub const NAME: Self = Self {
        name: Text::Borrowed("Name"),
        kind: Text::Borrowed("string"),
        format: Text::Borrowed("name"),
        doc: Doc::Field(METADATA, "name"),
        priority: 0,
    };

    /// The age column.
    pub const AGE: Self = Self::new("Age", Doc::Field(METADATA, "creationTimestamp"));

    /// The same column holding whole numbers.
    pub fn integer(self) -> Self {
        Self { kind: "integer".into(), ..self }
    }

    /// The same column holding times.
    pub fn date(self) -> Self {
        Self { kind: "date".into(), ..self }
    }

    /// The same column under another heading.
    pub fn named(self, name: &'static str) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The same column shown only with `-o wide`.
    pub const fn wide(mut self) -> Self {
        self.priority = 1;
        self
    }
}
