//! What somebody may have meant by a name that is not known.

/// The known name that is nearest, if it is near at all: a third of it may be wrong.
pub(in crate::policy) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let nearest = known.map(|other| (distance(name, other), other)).min()?;
    let bound = name.chars().count().max(3) / 3;
    (nearest.0 <= bound).then_some(nearest.1)
}

/// How many letters must be put in, left out, changed or swapped with the next one.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let (mut before, mut row): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=other.len()).collect());
    let mut letter_before = None;
    for (i, letter) in one.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for (j, theirs) in other.iter().enumerate() {
            let at = |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX);
            let changed = at(&row, j).saturating_add(usize::from(letter != *theirs));
            let put_or_left = at(&row, j.saturating_add(1)).min(at(&next, j)).saturating_add(1);
            let their_before = j.checked_sub(1).and_then(|place| other.get(place)).copied();
            let is_swap = their_before == Some(letter) && letter_before == Some(*theirs);
            let swapped = if is_swap { at(&before, j.saturating_sub(1)).saturating_add(1) } else { usize::MAX };
            next.push(changed.min(put_or_left).min(swapped));
        }
        letter_before = Some(letter);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distances() {
        for (one, other, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "abc", 3),
            ("form", "from", 1),
            ("pin", "pins", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["line.sim_changed_ago", "line.status", "pin.check"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("line.sim_changed_ga"), Some("line.sim_changed_ago"));
        assert_eq!(near("line.sim_change_age"), Some("line.sim_changed_ago"));
        assert_eq!(near("pin.chekc"), Some("pin.check"));
        assert_eq!(near("weather"), None);
    }
}
