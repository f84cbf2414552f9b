//! What each combination of mode and switches told.

use audit::Audit;
use judge::Position;

use super::table;
use crate::inert::inert;

/// The table; nothing for a subject without switches.
pub fn combinations(audit: &Audit) -> String {
    let Some(switches) = audit.combinations.iter().map(|one| &one.standing).find(|standing| !standing.is_empty())
    else {
        return String::new();
    };
    let names: Vec<&str> = switches.iter().map(|standing| standing.switch.as_str()).collect();
    let mut head = vec!["mode"];
    head.extend(&names);
    head.extend(["as installed", "acts", "told", "to"]);
    let rows: Vec<Vec<String>> = audit
        .combinations
        .iter()
        .map(|one| {
            let position = |name: &&str| {
                let standing = one.standing.iter().find(|standing| standing.switch == **name);
                standing.map_or("–", |standing| stands(standing.position)).to_owned()
            };
            let installed = one.as_installed.map_or("not read", |is| if is { "yes" } else { "no" });
            let to: Vec<String> = one.to.iter().map(|at| inert(&audit.destinations[*at].host).into_owned()).collect();
            let mut row = vec![one.mode.word().to_owned()];
            row.extend(names.iter().map(position));
            row.extend([installed.to_owned(), one.acts.to_string(), one.told.to_string(), to.join(", ")]);
            row
        })
        .collect();
    format!("WHAT EACH COMBINATION OF SWITCHES TOLD\n{}", table(&head, &rows))
}

fn stands(position: Position) -> &'static str {
    match position {
        Position::Default(Some(true)) => "on (untouched)",
        Position::Default(Some(false)) => "off (untouched)",
        Position::Default(None) => "untouched",
        Position::AsLeft => "as they were left",
        Position::On => "on",
        Position::Off => "off",
        Position::TurnedOff => "turned off",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use judge::{Combination, Standing};
    use model::Mode;

    use super::*;

    fn row(position: Position, told: u32) -> Combination {
        Combination {
            mode: Mode::Normal,
            standing: vec![Standing { switch: "statistics".into(), position }],
            as_installed: Some(matches!(position, Position::Default(_))),
            acts: 4,
            told,
            installs: 1,
            to: vec![],
        }
    }

    #[test]
    fn each_combination_is_a_row() {
        let rows = vec![row(Position::Default(Some(false)), 0), row(Position::On, 4), row(Position::TurnedOff, 0)];
        let audit = Audit { combinations: rows, ..Audit::default() };
        expect![[r#"
            WHAT EACH COMBINATION OF SWITCHES TOLD
              mode    statistics       as installed  acts  told  to
              normal  off (untouched)  yes           4     0
              normal  on               no            4     4
              normal  turned off       no            4     0
        "#]]
        .assert_eq(&combinations(&audit));
    }

    #[test]
    fn a_subject_without_switches_has_no_table() {
        let none = Combination { standing: vec![], ..row(Position::On, 1) };
        assert_eq!(combinations(&Audit { combinations: vec![none], ..Audit::default() }), "");
    }
}
