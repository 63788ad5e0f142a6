//! Which types fit together, and what that says about types that are not known yet.

use std::collections::HashMap;

use crate::cel::types::Type;

/// What is known of type parameters.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    bound: HashMap<u32, Type>,
    next: u32,
}

impl Bindings {
    /// That many new type parameters; the number of the first.
    pub fn fresh(&mut self, count: u32) -> u32 {
        self.next += count;
        self.next - count
    }

    /// The type with what is known put in; with `to_dyn`, what is not known is `dyn`.
    pub fn substitute(&self, of: &Type, to_dyn: bool) -> Type {
        match of {
            Type::Param(number) => match self.bound.get(number) {
                Some(bound) => self.substitute(bound, to_dyn),
                None if to_dyn => Type::Dyn,
                None => of.clone(),
            },
            other => other.with_parameters(&mut |part| self.substitute(part, to_dyn)),
        }
    }

    /// Whether a value of type `from` may stand where `to` is wanted. What is learned from it is kept if it may.
    pub fn assign(&mut self, to: &Type, from: &Type) -> bool {
        self.assign_all(std::slice::from_ref(to), std::slice::from_ref(from))
    }

    /// The same for lists of types.
    pub fn assign_all(&mut self, to: &[Type], from: &[Type]) -> bool {
        let mut tried = self.clone();
        let fits = to.len() == from.len() && to.iter().zip(from).all(|(to, from)| tried.fits(to, from));
        if fits {
            *self = tried;
        }
        fits
    }

    fn fits(&mut self, a: &Type, b: &Type) -> bool {
        if let Type::Param(number) = b {
            let (valid, is_bound) = self.binds(a, *number);
            if valid || is_bound {
                return valid;
            }
        }
        if let Type::Param(number) = a {
            return self.binds(b, *number).0;
        }
        match (a, b) {
            (a, b) if a.is_dyn_or_error() || b.is_dyn_or_error() => true,
            (Type::Null, other) | (other, Type::Null) => takes_null(other),
            (Type::Type(_), Type::Type(_)) => true,
            _ => {
                let (of_a, of_b) = (a.parameters(), b.parameters());
                a.same_kind(b) && of_a.len() == of_b.len() && of_a.iter().zip(of_b).all(|(a, b)| self.fits(a, b))
            }
        }
    }

    /// Whether a parameter can stand for the type, and whether it was bound before.
    fn binds(&mut self, to: &Type, number: u32) -> (bool, bool) {
        if matches!(to, Type::Param(other) if *other == number) {
            return (true, true);
        }
        let Some(bound) = self.bound.get(&number).cloned() else {
            let is_free = !self.occurs(number, to);
            if is_free {
                self.bound.insert(number, to.clone());
            }
            return (is_free, false);
        };
        if bound == *to {
            return (true, true);
        }
        if !self.fits(to, &bound) {
            return (false, true);
        }
        let general = if less_specific(to, &bound) { to.clone() } else { bound };
        if !self.occurs(number, &general) {
            self.bound.insert(number, general);
        }
        (true, true)
    }

    /// Whether the parameter is part of the type.
    fn occurs(&self, number: u32, within: &Type) -> bool {
        match within {
            Type::Param(other) if *other == number => true,
            Type::Param(other) => self.bound.get(other).is_some_and(|bound| self.occurs(number, bound)),
            other => other.parameters().into_iter().any(|part| self.occurs(number, part)),
        }
    }
}

/// The more general of two types that fit together.
pub fn more_general(a: Type, b: Type) -> Type {
    if less_specific(&a, &b) { a } else { b }
}

fn less_specific(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Param(_)) => false,
        (a, b) => {
            let (of_a, of_b) = (a.parameters(), b.parameters());
            a.same_kind(b) && of_a.len() == of_b.len() && of_a.iter().zip(of_b).all(|(a, b)| less_specific(a, b))
        }
    }
}

fn takes_null(other: &Type) -> bool {
    matches!(
        other,
        Type::Null | Type::Optional(_) | Type::Library(_) | Type::Duration | Type::Timestamp | Type::Object(_)
    )
}
