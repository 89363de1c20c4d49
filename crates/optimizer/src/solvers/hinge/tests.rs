//! Tests of the method on portfolio problems.

mod support;

use ndarray::{Array1, Array2};

use super::*;
use support::*;

#[test]
fn runs() {
    for (n, s) in [(5, 40), (50, 1000), (100, 2500)] {
        let r = fat_tailed_returns(n, s, 7);
        let p = cvar(&r, 0.95, 0.1_f64.max(2.0 / n as f64));
        let t = std::time::Instant::now();
        let sol = p.solve();
        eprintln!("{n} {s} {:?}", t.elapsed());
        match sol { Ok(sol) => eprintln!("{} gap {:e} p {:e} d {:e} it {}", sol.objective, sol.relative_gap, sol.primal_residual, sol.dual_residual, sol.iterations), Err(e) => eprintln!("{e}") }
    }
    let _ = (Array1::<f64>::zeros(1), Array2::<f64>::zeros((1,1)));
}

#[test]
fn profile() {
    let (n, s) = (100, 2500);
    let r = fat_tailed_returns(n, s, 7);
    let p = cvar(&r, 0.95, 0.1);
    let form = form::Form::new(&p).unwrap();
    let mut point = point::Point::start(&form);
    let best = |f: &mut dyn FnMut()| (0..15).map(|_| { let t = std::time::Instant::now(); f(); t.elapsed() }).min().unwrap();
    eprintln!("form {:?}", best(&mut || { form::Form::new(&p).unwrap(); }));
    eprintln!("start {:?}", best(&mut || { point = point::Point::start(&form); }));
    eprintln!("residuals {:?}", best(&mut || { point.residuals(&form); }));
    eprintln!("judge {:?}", best(&mut || { verify::Candidate::of(&point).judge(&form); }));
    let x = point.x.clone();
    eprintln!("apply {:?}", best(&mut || { form.apply(&x); }));
    eprintln!("transposed {:?}", best(&mut || { form.apply_transposed(&point.theta); }));
    let mut m = Array2::zeros((n + 1, n + 1));
    eprintln!("gram {:?}", best(&mut || { form.kernels[0].add_gram(&point.theta, &mut m).unwrap(); }));
    eprintln!("newton {:?}", best(&mut || { newton::Newton::new(&form, &point).unwrap(); }));
    let newton = newton::Newton::new(&form, &point).unwrap();
    let res = point.residuals(&form);
    eprintln!("direction {:?}", best(&mut || { newton.direction(&point, &res, &newton::Targets::new(&point, 1e-3, None)).unwrap(); }));
    eprintln!("solve {:?}", best(&mut || { p.solve().unwrap(); }));
}

