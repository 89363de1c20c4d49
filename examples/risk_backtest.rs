fn main() {
    use alluse_quant::risk_core::HistorySplitter;
    use alluse_quant::var_models::{Rolling, Window};
    use examples::backtest::*;
    let t = std::time::Instant::now();
    let sources = portfolios::Sources {
        bundled: "examples/data".into(),
        further: std::env::var_os("ALLUSE_DATA_DIR").map(Into::into),
    };
    let p = portfolios::load(&sources).unwrap();
    println!("{} portfolios {:?} {:?}", p.all.len(), p.skipped, t.elapsed());
    for q in &p.all {
        let s = HistorySplitter::varying(&q.panel, q.exposures.clone()).unwrap();
        println!(
            "{} {} {} {:.4} {:.4}",
            q.name,
            q.panel.dates()[0],
            q.pnl.len(),
            q.pnl.mean().unwrap() * 252.0,
            q.pnl.std(0.0) * 252f64.sqrt()
        );
        for c in models::contenders(q).unwrap() {
            let t = std::time::Instant::now();
            let r = Rolling::new(Window::Fixed(1000)).unwrap().with_refit_every(c.refit_every).unwrap();
            let o;
            let h = if c.revalues {
                o = HistorySplitter::new(&q.options.as_ref().unwrap().panel, vec![0.0, 0.0]).unwrap();
                &o
            } else {
                &s
            };
            let rec = r.run_on(&*c.model, h, q.pnl.view()).unwrap();
            let e: Vec<String> = rec
                .levels()
                .iter()
                .map(|l| {
                    let n =
                        l.value_at_risk.iter().zip(rec.realised()).filter(|(v, r)| v.is_some_and(|v| -**r > v)).count();
                    format!("{:.2}%", 100.0 * n as f64 / rec.len() as f64)
                })
                .collect();
            println!(
                "   {:40} {:?} missing {} {:?} {}",
                c.model.name(),
                e,
                rec.missing().len(),
                t.elapsed(),
                rec.missing().first().map_or("", |m| &m.reason)
            );
        }
    }
}
