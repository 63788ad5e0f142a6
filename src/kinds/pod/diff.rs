//! A unified diff of two texts, as error messages show it: hunks with three lines around each change.

/// Lines shown before and after a change.
const CONTEXT: usize = 3;

/// The hunks that turn one text into another; empty if they are equal.
pub fn unified(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let steps = steps(&old, &new);
    let changed: Vec<_> = (0..steps.len()).filter(|i| !matches!(steps[*i], Step::Same(..))).collect();
    let mut out = String::new();
    let mut rest = changed.as_slice();
    while let Some(first) = rest.first() {
        // Changes whose context touches share a hunk.
        let near = rest.windows(2).take_while(|pair| pair[1] - pair[0] <= 2 * CONTEXT + 1).count();
        let last = rest[near];
        rest = &rest[near + 1..];
        let end = (last + CONTEXT + 1).min(steps.len());
        hunk(&mut out, &steps[first.saturating_sub(CONTEXT)..end], &old, &new);
    }
    out
}

/// One line of the way from the old text to the new one; numbers count from 0.
#[derive(Clone, Copy)]
enum Step {
    Same(usize, usize),
    Removed(usize, usize),
    Added(usize, usize),
}

fn hunk(out: &mut String, steps: &[Step], old: &[&str], new: &[&str]) {
    let (Step::Same(a, b) | Step::Removed(a, b) | Step::Added(a, b)) = steps[0];
    let old_lines = steps.iter().filter(|step| !matches!(step, Step::Added(..))).count();
    let new_lines = steps.iter().filter(|step| !matches!(step, Step::Removed(..))).count();
    out.push_str(&format!("@@ -{} +{} @@\n", range(a, old_lines), range(b, new_lines)));
    for step in steps {
        let (mark, line) = match *step {
            Step::Same(a, _) => (' ', old[a]),
            Step::Removed(a, _) => ('-', old[a]),
            Step::Added(_, b) => ('+', new[b]),
        };
        out.push(mark);
        out.push_str(line);
        out.push('\n');
    }
}

fn range(start: usize, lines: usize) -> String {
    match lines {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{lines}", start + 1),
    }
}

/// The longest common subsequence between equal beginnings and ends, as a list of steps.
fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let (m, n) = (old.len() - start - end, new.len() - start - end);
    let mut common = vec![vec![0_usize; n + 1]; m + 1];
    for i in (0..m).rev() {
        for j in (0..n).rev() {
            common[i][j] = if old[start + i] == new[start + j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let mut steps: Vec<_> = (0..start).map(|i| Step::Same(i, i)).collect();
    let (mut i, mut j) = (0, 0);
    while i < m || j < n {
        let (a, b) = (start + i, start + j);
        if i < m && j < n && old[a] == new[b] {
            steps.push(Step::Same(a, b));
            (i, j) = (i + 1, j + 1);
        } else if i < m && (j == n || common[i + 1][j] >= common[i][j + 1]) {
            steps.push(Step::Removed(a, b));
            i += 1;
        } else {
            steps.push(Step::Added(a, b));
            j += 1;
        }
    }
    steps.extend((0..end).map(|k| Step::Same(start + m + k, start + n + k)));
    steps
}
