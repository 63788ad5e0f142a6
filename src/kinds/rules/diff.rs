//! A unified diff of two texts, as error messages show it: hunks with three lines around each change. Which lines count as unchanged is
//! what clients read, so it is found as servers find it: the longest common block first, then those before and after it.
//! Crates such as `similar` look for the shortest way from one text to the other instead, which is another one wherever lines repeat.

use std::{collections::HashMap, ops::Range};

/// Lines shown before and after a change.
const CONTEXT: usize = 3;

/// A line that is there in more than one of so many is no place to start a block from. Short texts have no such lines.
const POPULAR: usize = 100;
const SHORT: usize = 200;

/// The work for texts beyond this would not be worth what it shows: all lines between the first and the last change are changed then.
const LINES_MAX: usize = 1500;

/// The hunks that turn one text into another; empty if they are equal.
pub fn unified(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let blocks = if old.len().max(new.len()) > LINES_MAX { ends(&old, &new) } else { blocks(&old, &new) };
    let steps = steps(&blocks, old.len(), new.len());
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

/// Lines that both texts have, from here in the old one and there in the new one.
#[derive(Clone, Copy)]
struct Block {
    old: usize,
    new: usize,
    lines: usize,
}

/// One line of the way from the old text to the new one; numbers count from 0.
#[derive(Clone, Copy)]
enum Step {
    Same(usize, usize),
    Removed(usize, usize),
    Added(usize, usize),
}

/// What both texts begin and end with.
fn ends(old: &[&str], new: &[&str]) -> Vec<Block> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    vec![Block { old: 0, new: 0, lines: start }, Block { old: old.len() - end, new: new.len() - end, lines: end }]
}

/// The common blocks in order.
fn blocks(old: &[&str], new: &[&str]) -> Vec<Block> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, line) in new.iter().enumerate() {
        places.entry(line).or_default().push(i);
    }
    if new.len() >= SHORT {
        let most = new.len() / POPULAR + 1;
        places.retain(|_, places| places.len() <= most);
    }
    let mut found = Vec::new();
    let mut open = vec![(0..old.len(), 0..new.len())];
    while let Some((a, b)) = open.pop() {
        let block = longest(old, new, &places, a.clone(), b.clone());
        if block.lines > 0 {
            open.push((a.start..block.old, b.start..block.new));
            open.push((block.old + block.lines..a.end, block.new + block.lines..b.end));
            found.push(block);
        }
    }
    found.sort_by_key(|block| (block.old, block.new));
    found
}

/// The longest block within these ranges; of several the first in the old text, then in the new one.
fn longest(old: &[&str], new: &[&str], places: &HashMap<&str, Vec<usize>>, a: Range<usize>, b: Range<usize>) -> Block {
    let mut best = Block { old: a.start, new: b.start, lines: 0 };
    // How long the block is that ends at the line before, by where it ends in the new text.
    let mut ending: HashMap<usize, usize> = HashMap::new();
    for i in a.clone() {
        let mut now = HashMap::new();
        let all = places.get(old[i]).map(Vec::as_slice).unwrap_or_default();
        let within = all.partition_point(|j| *j < b.start)..all.partition_point(|j| *j < b.end);
        for &j in &all[within] {
            let before = if j == 0 { 0 } else { ending.get(&(j - 1)).copied().unwrap_or_default() };
            let lines = before + 1;
            now.insert(j, lines);
            if lines > best.lines {
                best = Block { old: i + 1 - lines, new: j + 1 - lines, lines };
            }
        }
        ending = now;
    }
    // Popular lines start no block, but may belong to one.
    while best.old > a.start && best.new > b.start && old[best.old - 1] == new[best.new - 1] {
        best = Block { old: best.old - 1, new: best.new - 1, lines: best.lines + 1 };
    }
    while best.old + best.lines < a.end
        && best.new + best.lines < b.end
        && old[best.old + best.lines] == new[best.new + best.lines]
    {
        best.lines += 1;
    }
    best
}

/// The steps along the blocks: between two of them everything old goes, then everything new comes.
fn steps(blocks: &[Block], old: usize, new: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut i, mut j) = (0, 0);
    let end = Block { old, new, lines: 0 };
    for block in blocks.iter().chain([&end]) {
        steps.extend((i..block.old).map(|i| Step::Removed(i, j)));
        steps.extend((j..block.new).map(|j| Step::Added(block.old, j)));
        steps.extend((0..block.lines).map(|k| Step::Same(block.old + k, block.new + k)));
        (i, j) = (block.old + block.lines, block.new + block.lines);
    }
    steps
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
