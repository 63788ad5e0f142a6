//! The macros that Kubernetes adds to the standard ones: two-variable comprehensions, and `sortBy`.

use cel::ParseError;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, operators};
use cel::parser::{Macro, MacroExprHelper};

/// Inserts into the map that a comprehension builds.
pub const MAP_INSERT: &str = "cel.@mapInsert";

/// Sorts a list by the list of its keys.
pub const SORT_BY_KEYS: &str = "@sortByAssociatedKeys";

/// The variable that collects a comprehension's result.
pub const ACCUMULATOR: &str = "@result";

/// The iteration variable of a comprehension that only binds a name.
const UNUSED: &str = "#unused";

/// The list that `sortBy` sorts.
const SORTED: &str = "@__sortBy_input__";

type Expanded = Result<Option<IdedExpr>, ParseError>;

/// All of them.
pub fn all() -> Vec<Macro> {
    let two = |name: &str, arguments: usize, build: Build| {
        Macro::receiver(name, arguments, move |helper, target, args| two_variables(helper, target, args, build))
    };
    vec![
        two("all", 3, for_all),
        two("exists", 3, exists),
        two("existsOne", 3, exists_one),
        two("exists_one", 3, exists_one),
        two("transformList", 3, transform_list),
        two("transformList", 4, transform_list),
        two("transformMap", 3, transform_map),
        two("transformMap", 4, transform_map),
        two("transformMapEntry", 3, transform_map_entry),
        two("transformMapEntry", 4, transform_map_entry),
        Macro::receiver("sortBy", 2, sort_by),
    ]
}

/// Makes nodes in the place of a macro's call.
struct Tree<'a, 'h> {
    helper: &'a mut MacroExprHelper<'h>,
}

impl Tree<'_, '_> {
    fn node(&mut self, expr: Expr) -> IdedExpr {
        self.helper.next_expr(expr)
    }

    fn ident(&mut self, name: &str) -> IdedExpr {
        self.node(Expr::Ident(name.to_owned()))
    }

    fn accumulator(&mut self) -> IdedExpr {
        self.ident(ACCUMULATOR)
    }

    fn bool(&mut self, value: bool) -> IdedExpr {
        self.node(Expr::Literal(LiteralValue::Boolean(value.into())))
    }

    fn int(&mut self, value: i64) -> IdedExpr {
        self.node(Expr::Literal(LiteralValue::Int(value.into())))
    }

    fn list(&mut self, elements: Vec<IdedExpr>) -> IdedExpr {
        self.node(Expr::List(ListExpr::new(elements)))
    }

    fn map(&mut self) -> IdedExpr {
        self.node(Expr::Map(MapExpr::default()))
    }

    fn call(&mut self, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.node(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
    }

    fn member_call(&mut self, target: IdedExpr, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.node(Expr::Call(CallExpr { func_name: name.to_owned(), target: Some(Box::new(target)), args }))
    }

    /// A comprehension over nothing, which only gives `value` a name within `result`.
    fn bind(&mut self, name: &str, value: IdedExpr, result: IdedExpr) -> IdedExpr {
        let (iter_range, loop_cond, loop_step) = (self.list(Vec::new()), self.bool(false), self.ident(name));
        self.node(Expr::Comprehension(Box::new(ComprehensionExpr {
            iter_range,
            iter_var: UNUSED.to_owned(),
            iter_var2: None,
            accu_var: name.to_owned(),
            accu_init: value,
            loop_cond,
            loop_step,
            result,
        })))
    }
}

/// The parts of a comprehension in which macros differ.
struct Loop {
    start: IdedExpr,
    condition: IdedExpr,
    step: IdedExpr,
    result: IdedExpr,
}

/// Builds a loop from the first variable and the arguments after the two.
type Build = fn(&mut Tree, &str, Vec<IdedExpr>) -> Loop;

fn two_variables(
    helper: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
    build: Build,
) -> Expanded {
    let names = (name_of(helper, &args[0])?, name_of(helper, &args[1])?);
    if names.0 == names.1 {
        return Err(helper.new_error(args[1].id, format!("duplicate variable name: {}", names.1)));
    }
    for (name, arg) in [(&names.0, &args[0]), (&names.1, &args[1])] {
        if name == ACCUMULATOR || name == "__result__" {
            return Err(helper.new_error(arg.id, "iteration variable overwrites accumulator variable"));
        }
    }
    let Some(iter_range) = target.take() else { return Ok(None) };
    let rest = args.drain(..).skip(2).collect();
    let mut tree = Tree { helper };
    let Loop { start, condition, step, result } = build(&mut tree, &names.0, rest);
    Ok(Some(tree.node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range,
        iter_var: names.0,
        iter_var2: Some(names.1),
        accu_var: ACCUMULATOR.to_owned(),
        accu_init: start,
        loop_cond: condition,
        loop_step: step,
        result,
    })))))
}

fn name_of(helper: &MacroExprHelper<'_>, expr: &IdedExpr) -> Result<String, ParseError> {
    match &expr.expr {
        Expr::Ident(name) => Ok(name.clone()),
        _ => Err(helper.new_error(expr.id, "argument must be a simple name")),
    }
}

fn for_all(tree: &mut Tree, _: &str, mut rest: Vec<IdedExpr>) -> Loop {
    let start = tree.bool(true);
    let accumulator = tree.accumulator();
    let condition = tree.call(operators::NOT_STRICTLY_FALSE, vec![accumulator]);
    rest.insert(0, tree.accumulator());
    Loop { start, condition, step: tree.call(operators::LOGICAL_AND, rest), result: tree.accumulator() }
}

fn exists(tree: &mut Tree, _: &str, mut rest: Vec<IdedExpr>) -> Loop {
    let start = tree.bool(false);
    let accumulator = tree.accumulator();
    let not = tree.call(operators::LOGICAL_NOT, vec![accumulator]);
    let condition = tree.call(operators::NOT_STRICTLY_FALSE, vec![not]);
    rest.insert(0, tree.accumulator());
    Loop { start, condition, step: tree.call(operators::LOGICAL_OR, rest), result: tree.accumulator() }
}

fn exists_one(tree: &mut Tree, _: &str, mut rest: Vec<IdedExpr>) -> Loop {
    let (start, condition) = (tree.int(0), tree.bool(true));
    let sum = vec![tree.accumulator(), tree.int(1)];
    rest.push(tree.call(operators::ADD, sum));
    rest.push(tree.accumulator());
    let step = tree.call(operators::CONDITIONAL, rest);
    let count = vec![tree.accumulator(), tree.int(1)];
    Loop { start, condition, step, result: tree.call(operators::EQUALS, count) }
}

fn transform_list(tree: &mut Tree, _: &str, mut rest: Vec<IdedExpr>) -> Loop {
    let (start, condition) = (tree.list(Vec::new()), tree.bool(true));
    let item: Vec<IdedExpr> = rest.pop().into_iter().collect();
    let sum = vec![tree.accumulator(), tree.list(item)];
    let step = tree.call(operators::ADD, sum);
    let step = filtered(tree, rest, step);
    Loop { start, condition, step, result: tree.accumulator() }
}

fn transform_map(tree: &mut Tree, key: &str, rest: Vec<IdedExpr>) -> Loop {
    let key = tree.ident(key);
    inserting(tree, vec![key], rest)
}

fn transform_map_entry(tree: &mut Tree, _: &str, rest: Vec<IdedExpr>) -> Loop {
    inserting(tree, Vec::new(), rest)
}

fn inserting(tree: &mut Tree, key: Vec<IdedExpr>, mut rest: Vec<IdedExpr>) -> Loop {
    let (start, condition) = (tree.map(), tree.bool(true));
    let mut args = vec![tree.accumulator()];
    args.extend(key);
    args.extend(rest.pop());
    let step = tree.call(MAP_INSERT, args);
    let step = filtered(tree, rest, step);
    Loop { start, condition, step, result: tree.accumulator() }
}

/// The step, only where the filter holds, if there is one.
fn filtered(tree: &mut Tree, mut filter: Vec<IdedExpr>, step: IdedExpr) -> IdedExpr {
    match filter.pop() {
        Some(filter) => {
            let args = vec![filter, step, tree.accumulator()];
            tree.call(operators::CONDITIONAL, args)
        }
        None => step,
    }
}

/// `list.sortBy(x, key)` sorts the list by the list of its keys.
fn sort_by(helper: &mut MacroExprHelper<'_>, target: &mut Option<IdedExpr>, args: &mut Vec<IdedExpr>) -> Expanded {
    if let Some(list) = target.as_ref().filter(|target| matches!(target.expr, Expr::Literal(_) | Expr::Map(_))) {
        let why = "sortBy can only be applied to a list, identifier, comprehension, call or select expression";
        return Err(helper.new_error(list.id, why));
    }
    let variable = name_of(helper, &args[0])?;
    let (Some(target), Some(key)) = (target.take(), args.pop()) else { return Ok(None) };
    let mut tree = Tree { helper };
    let Loop { start, condition, step, result } = transform_list(&mut tree, "", vec![key]);
    let iter_range = tree.ident(SORTED);
    let keys = tree.node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range,
        iter_var: variable,
        iter_var2: None,
        accu_var: ACCUMULATOR.to_owned(),
        accu_init: start,
        loop_cond: condition,
        loop_step: step,
        result,
    })));
    let sorted = tree.ident(SORTED);
    let call = tree.member_call(sorted, SORT_BY_KEYS, vec![keys]);
    Ok(Some(tree.bind(SORTED, target, call)))
}
