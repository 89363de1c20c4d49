use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

const GOOD: &str =
    r#"{"id":"i","op":"o","args":{"x":1},"expect":2,"tol":{"rel":0.5,"abs":0},"tier":"core","source":"s","note":""}"#;

fn folder_named(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders").join(name)
}

fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<Case>, Problem> {
    cases("f.jsonl", bytes.as_ref(), &mut Series::beside(&folder_named("mixed")))
}

fn with(field: &str, value: &str) -> String {
    let mut line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(GOOD).unwrap();
    line.insert(field.to_owned(), serde_json::from_str(value).unwrap());
    serde_json::to_string(&line).unwrap()
}

#[test]
fn a_good_line_is_read_whole() {
    let cases = read(format!("{GOOD}\r\n{GOOD}\n")).unwrap();
    assert_eq!(cases.len(), 2);
    assert_eq!(
        cases[1],
        Case {
            id: "i".into(),
            op: "o".into(),
            args: BTreeMap::from([("x".into(), Arg::Plain(Tree::Number(1.0)))]),
            expect: Expect::Value(Tree::Number(2.0)),
            tolerance: Tolerance { rel: 0.5, abs: 0.0 },
            tier: Tier::Core,
            place: "f.jsonl:2".into(),
        }
    );
}

#[test]
fn an_empty_file_holds_no_case_and_a_last_newline_is_no_line() {
    assert_eq!(read(""), Ok(vec![]));
    assert_eq!(read("\n"), Ok(vec![]));
    assert_eq!(read(GOOD).unwrap().len(), 1);
}

#[test]
fn lines_that_are_no_case_are_named() {
    for (line, part) in [
        (String::new(), "the line is empty"),
        ("  ".to_owned(), "the line is empty"),
        ("{".to_owned(), "not a case"),
        ("[]".to_owned(), "not a case"),
        (GOOD.replace("\"id\":\"i\",", ""), "missing field `id`"),
        (GOOD.replace("\"source\":\"s\",", ""), "missing field `source`"),
        (GOOD.replace("\"id\":\"i\"", "\"id\":\"i\",\"id\":\"j\""), "duplicate field `id`"),
        (GOOD.replace("\"x\":1", "\"x\":1,\"x\":1"), "\"x\" occurs twice"),
        (format!("{GOOD} {GOOD}"), "trailing characters"),
        (with("extra", "1"), "unknown field `extra`"),
        (with("tier", "\"gold\""), "unknown variant `gold`"),
        (with("args", "[1]"), "args must be an object, not a list"),
        (with("args", r#"{"x":null}"#), "not a case"),
        (with("expect", "null"), "not a case"),
        (with("expect", "{}"), "expect lists no field"),
        (with("expect", r#"{"error":"sad"}"#), "there is no error kind \"sad\""),
        (with("expect", r#"{"error":1}"#), "must be an error kind and stand alone"),
        (with("expect", r#"{"error":"undefined","x":1}"#), "must be an error kind and stand alone"),
        (with("tol", r#"{"rel":-1e-9,"abs":0}"#), "tol.rel must not be negative"),
        (with("tol", r#"{"rel":0,"abs":-1}"#), "tol.abs must not be negative"),
        (with("tol", r#"{"rel":0}"#), "missing field `abs`"),
        (with("tol", r#"{"rel":0,"abs":0,"ulp":1}"#), "unknown field `ulp`"),
        (with("args", r#"{"x":{"$csv":"panel.csv","col":"R"}}"#), "argument x: series/panel.csv has no column"),
        (with("args", r#"{"x":{"$csv":"none.csv","col":"r"}}"#), "argument x: series/none.csv: "),
        (with("args", r#"{"x":{"$csv":"panel.csv"}}"#), "a reference is"),
        (with("args", r#"{"x":{"$csv":1,"col":"r"}}"#), "a reference is"),
        (with("args", r#"{"x":{"$csv":"panel.csv","col":"r","cols":["r"]}}"#), "a reference is"),
        (with("args", r#"{"x":{"$csv":"panel.csv","cols":[1]}}"#), "a reference is"),
        (with("args", r#"{"x":{"$csv":"panel.csv","col":"r","row":1}}"#), "a reference is"),
        (with("args", r#"{"x":[{"$csv":"panel.csv","col":"r"}]}"#), "must be the whole argument"),
        (with("args", r#"{"x":{"y":{"$csv":"panel.csv","col":"r"}}}"#), "must be the whole argument"),
    ] {
        let problem = read(format!("{GOOD}\n{line}\n")).unwrap_err().to_string();
        assert!(problem.starts_with("f.jsonl:2: ") && problem.contains(part), "{line}: {problem}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_named() {
    let bytes = [GOOD.as_bytes(), b"\n{\"id\":\"\xff\"}\n"].concat();
    assert!(read(bytes).unwrap_err().to_string().starts_with("f.jsonl:2: not a case"));
}

#[test]
fn expected_errors_are_kinds() {
    let cases = read(with("expect", r#"{"error":"insufficient_data"}"#)).unwrap();
    assert_eq!(cases[0].expect, Expect::Error(ErrorKind::InsufficientData));
}

#[test]
fn references_become_columns() {
    let cases =
        read(with("args", r#"{"v":{"$csv":"panel.csv","col":"r"},"m":{"$csv":"panel.csv","cols":["gap","r"]}}"#));
    let cases = cases.unwrap();
    assert!(matches!(&cases[0].args["v"], Arg::Column(column) if column.place.contains("\"r\"")));
    let Arg::Columns(columns) = &cases[0].args["m"] else { panic!("columns") };
    assert_eq!(columns.iter().map(|c| c.place.contains("gap")).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn folders_are_read_in_the_order_of_names() {
    let files = folder(&folder_named("mixed")).unwrap();
    assert_eq!(
        files.iter().map(|(name, cases)| (name.as_str(), cases.len())).collect::<Vec<_>>(),
        [("a.jsonl", 6), ("b.jsonl", 2)]
    );
}

#[test]
fn tiers_are_called_what_cases_call_them() {
    for tier in [Tier::Core, Tier::Published, Tier::Convention, Tier::Quirk] {
        assert_eq!(serde_json::to_string(&tier).unwrap(), format!("{:?}", tier.name()));
    }
}

/// Every file of the corpus is read without a panic, and gives what its name says.
#[test]
fn the_corpus_is_read() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        let good = path.file_name().unwrap().to_str().unwrap().starts_with("good-");
        assert_eq!(read(std::fs::read(&path).unwrap()).is_ok(), good, "{}", path.display());
        files += 1;
    }
    assert!(files >= 10, "{files}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(bytes);
    }

    #[test]
    fn a_damaged_case_is_read_without_a_panic_and_never_twice(
        at in 0..GOOD.len(), byte in any::<u8>(), cut in 0..GOOD.len()
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(cases) = read(&bytes) {
            prop_assert!(cases.len() <= 1);
        }
        // A case cut short is never a case.
        prop_assert!(cut == 0 || read(&GOOD.as_bytes()[..cut]).is_err());
    }
}
