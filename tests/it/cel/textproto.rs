//! Reads protobuf's text format, as far as the conformance cases use it.

/// A message: its fields in order, which may be repeated.
#[derive(Clone, Debug, Default)]
pub struct Message {
    fields: Vec<(String, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    Text(String),
    /// What is no text.
    Bytes(Vec<u8>),
    Message(Message),
}

impl Message {
    /// The text of a scalar field; empty without one.
    pub fn text(&self, name: &str) -> &str {
        let found = self.fields.iter().find_map(|(field, value)| match value {
            Field::Text(text) if field == name => Some(text.as_str()),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// The bytes of a scalar field.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.fields.iter().find_map(|(field, value)| match value {
            Field::Text(text) if field == name => Some(text.clone().into_bytes()),
            Field::Bytes(bytes) if field == name => Some(bytes.clone()),
            _ => None,
        })
    }

    pub fn message<'a>(&'a self, name: &'a str) -> Option<&'a Message> {
        self.messages(name).next()
    }

    pub fn messages<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Message> {
        self.fields.iter().filter_map(move |(field, value)| match value {
            Field::Message(message) if field == name => Some(message),
            _ => None,
        })
    }

    /// The name of the only field, and its text if it is a scalar.
    pub fn only(&self) -> Option<(&str, Option<&String>)> {
        match self.fields.as_slice() {
            [(name, Field::Text(text))] => Some((name, Some(text))),
            [(name, _)] => Some((name, None)),
            _ => None,
        }
    }
}

pub fn parse(text: &str) -> Message {
    let mut reader = Reader { rest: text };
    reader.message()
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn message(&mut self) -> Message {
        let mut message = Message::default();
        loop {
            self.blanks();
            if self.rest.is_empty() || self.accept("}") {
                return message;
            }
            let name = self.word();
            self.blanks();
            self.accept(":");
            self.blanks();
            let value = if self.accept("{") {
                Field::Message(self.message())
            } else if self.rest.starts_with(['"', '\'']) {
                self.strings()
            } else {
                Field::Text(self.word())
            };
            message.fields.push((name, value));
            self.blanks();
            if !self.accept(",") {
                self.accept(";");
            }
        }
    }

    fn blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                return;
            }
            self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
        }
    }

    fn accept(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> String {
        if let Some(rest) = self.rest.strip_prefix('[') {
            // The name of a message inside an `Any`.
            let end = rest.find(']').unwrap_or(rest.len());
            self.rest = &rest[(end + 1).min(rest.len())..];
            return rest[..end].to_owned();
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-+".contains(c);
        let end = self.rest.find(|c: char| !is_part(c)).unwrap_or(self.rest.len());
        assert!(end > 0, "no word at {:.40}", self.rest);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    /// String literals beside each other are one string.
    fn strings(&mut self) -> Field {
        let mut bytes = Vec::new();
        while let Some(quote) = self.rest.chars().next().filter(|c| "\"'".contains(*c)) {
            self.rest = &self.rest[1..];
            self.string(quote, &mut bytes);
            self.blanks();
        }
        String::from_utf8(bytes).map_or_else(|error| Field::Bytes(error.into_bytes()), Field::Text)
    }

    fn string(&mut self, quote: char, bytes: &mut Vec<u8>) {
        while let Some(character) = self.rest.chars().next() {
            self.rest = &self.rest[character.len_utf8()..];
            if character == quote {
                return;
            }
            if character != '\\' {
                bytes.extend(character.to_string().bytes());
                continue;
            }
            let escape = self.rest.chars().next().unwrap_or('\\');
            self.rest = &self.rest[escape.len_utf8()..];
            match escape {
                'n' => bytes.push(b'\n'),
                'r' => bytes.push(b'\r'),
                't' => bytes.push(b'\t'),
                'a' => bytes.push(7),
                'b' => bytes.push(8),
                'f' => bytes.push(12),
                'v' => bytes.push(11),
                'x' => bytes.push(self.number(16, 2) as u8),
                'u' => bytes.extend(char::from_u32(self.number(16, 4)).unwrap_or_default().to_string().bytes()),
                'U' => bytes.extend(char::from_u32(self.number(16, 8)).unwrap_or_default().to_string().bytes()),
                '0'..='7' => {
                    let more = self.rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                    let digits = format!("{escape}{}", &self.rest[..more]);
                    self.rest = &self.rest[more..];
                    bytes.push(u32::from_str_radix(&digits, 8).unwrap_or_default() as u8);
                }
                other => bytes.extend(other.to_string().bytes()),
            }
        }
    }

    fn number(&mut self, radix: u32, digits: usize) -> u32 {
        let (number, rest) = self.rest.split_at(digits.min(self.rest.len()));
        self.rest = rest;
        u32::from_str_radix(number, radix).unwrap_or_default()
    }
}
