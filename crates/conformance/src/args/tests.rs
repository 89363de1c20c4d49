use std::path::Path;

use ndarray::array;

use super::*;
use crate::series::Series;

fn given(json: &str) -> BTreeMap<String, Arg> {
    let Ok(Tree::Fields(fields)) = serde_json::from_str(json) else { panic!("{json}") };
    fields.into_iter().map(|(name, tree)| (name, Arg::Plain(tree))).collect()
}

fn panel() -> BTreeMap<String, Arg> {
    let mut series = Series::beside(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders/mixed"));
    let mut column = |name| series.column("panel.csv", name).unwrap();
    BTreeMap::from([
        ("r".to_owned(), Arg::Column(column("r"))),
        ("sector".to_owned(), Arg::Column(column("sector"))),
        ("both".to_owned(), Arg::Columns(vec![column("gap"), column("r")])),
        ("mixed".to_owned(), Arg::Columns(vec![column("r"), column("sector")])),
    ])
}

fn why<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Stop::Unsupported(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_no_reader_touched_stays_unread() {
    let given = given(r#"{"a":1,"b":2,"c":"x","d":[1]}"#);
    let mut args = Args::new(&given);
    assert_eq!(args.unread().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    assert!(args.has("a") && !args.has("e"));
    assert!(args.is_vector("d") && !args.is_vector("a") && !args.is_vector("e"));
    assert_eq!(args.number("b"), Ok(2.0));
    assert!(args.number("c").is_err());
    assert_eq!(args.optional("e", |args, name| args.number(name)), Ok(None));
    assert_eq!(args.optional("a", Args::number), Ok(Some(1.0)));
    assert_eq!(args.unread().collect::<Vec<_>>(), ["d"]);
}

#[test]
fn scalars() {
    let given = given(r#"{"n":0.5,"k":3,"minus":-1,"big":1e300,"wide":256,"t":true,"w":"word"}"#);
    let mut args = Args::new(&given);
    assert_eq!(args.number("n"), Ok(0.5));
    assert_eq!(args.count("k"), Ok(3));
    assert_eq!(args.flag("t"), Ok(true));
    assert_eq!(why(args.number("w")), r#"w "word""#);
    assert_eq!(why(args.number("absent")), "argument absent absent");
    assert_eq!(why(args.count::<usize>("n")), "n 0.5");
    assert_eq!(why(args.count::<usize>("minus")), "minus -1.0");
    assert_eq!(why(args.count::<usize>("big")), "big 1e+300");
    assert_eq!(why(args.count::<u8>("wide")), "wide 256.0");
    assert_eq!(why(args.flag("n")), "n 0.5");
}

#[test]
fn words_choose_the_librarys_values() {
    let given =
        given(r#"{"side":"up","ddof":1,"target":0.5,"mean":"mean","sides":["up","down"],"bad":["up","left"],"l":[1]}"#);
    let mut args = Args::new(&given);
    let sides = [("up", 1), ("down", 2)];
    assert_eq!(args.choice("side", &sides), Ok(1));
    assert_eq!(args.choice("ddof", &[("0", 'p'), ("1", 's')]), Ok('s'));
    assert_eq!(why(args.choice("target", &[("0", 'p')])), "target 0.5");
    assert_eq!(why(args.choice("side", &[("left", 0)])), r#"side "up""#);
    assert_eq!(why(args.choice("l", &sides)), "l as this list");
    assert_eq!(args.choice_or_number("target", &[("mean", -1.0)], |number| number), Ok(0.5));
    assert_eq!(args.choice_or_number("mean", &[("mean", -1.0)], |number| number), Ok(-1.0));
    assert_eq!(why(args.choice_or_number("side", &[("mean", 0.0)], |number| number)), r#"side "up""#);
    assert_eq!(args.choices("sides", &sides), Ok(vec![1, 2]));
    assert_eq!(why(args.choices("bad", &sides)), r#"bad "left""#);
}

#[test]
fn vectors_and_matrices() {
    let given =
        given(r#"{"v":[1,2.5],"m":[[1,2],[3,4],[5,6]],"ragged":[[1,2],[3]],"none":[],"w":["a"],"s":1,"f":{"a":1}}"#);
    let mut args = Args::new(&given);
    assert_eq!(args.vector("v"), Ok(array![1.0, 2.5]));
    assert_eq!(args.vector("none"), Ok(array![]));
    assert_eq!(why(args.vector("w")), "w as this list");
    assert_eq!(why(args.vector("s")), "s 1.0");
    assert_eq!(args.matrix("m"), Ok(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    assert_eq!(args.matrix("none").unwrap().dim(), (0, 0));
    assert_eq!(why(args.matrix("ragged")), "ragged as this list");
    assert_eq!(why(args.matrix("v")), "v as this list");
    assert_eq!(why(args.matrix("f")), "f as this object");
    assert_eq!(args.texts("w"), Ok(vec!["a".to_owned()]));
    assert_eq!(why(args.texts("v")), "v as this list");
    assert_eq!(why(args.texts("s")), "s 1.0");
    assert_eq!(why(args.counts("v")), "v as this list");
    assert_eq!(args.counts("none"), Ok(vec![]));
    assert_eq!(why(args.counts("s")), "s 1.0");
}

#[test]
fn columns_and_their_missing_values() {
    let given = panel();
    let mut args = Args::new(&given);
    assert!(args.is_vector("r") && !args.is_vector("both"));
    assert_eq!(args.vector("r"), Ok(array![0.01, -0.02, 0.03]));
    let both = args.matrix("both").unwrap();
    assert_eq!(both.dim(), (3, 2));
    assert!(both[[1, 0]].is_nan() && both[[2, 1]] == 0.03 && both[[0, 0]] == 1.0);
    assert_eq!(args.texts("sector").unwrap()[1], "energy");
    assert_eq!(why(args.texts("r")), "r as a column");
    assert_eq!(why(args.number("r")), "r as a column");
    assert_eq!(why(args.vector("both")), "both as a matrix");
    let Err(Stop::Malformed(problem)) = args.vector("sector") else { panic!("texts are no numbers") };
    assert_eq!(problem, r#"series/panel.csv, column "sector", line 3: "energy" is not a number"#);
    assert!(matches!(args.matrix("mixed"), Err(Stop::Malformed(_))));
}

#[test]
fn one_number_spreads_to_the_length_of_the_vectors() {
    let mut given = given(r#"{"v":[1,2],"s":7,"t":8}"#);
    let mut args = Args::new(&given);
    assert_eq!(args.spread("s", &["t", "v", "absent"]), Ok(array![7.0, 7.0]));
    assert_eq!(args.spread("v", &["s"]), Ok(array![1.0, 2.0]));
    assert_eq!(args.spread("s", &["t"]), Ok(array![7.0]));
    given.extend(panel());
    let mut args = Args::new(&given);
    assert_eq!(args.spread("s", &["r"]).unwrap().len(), 3);
    assert_eq!(args.spread("s", &["sector"]).unwrap().len(), 3);
}
