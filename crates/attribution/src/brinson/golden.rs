//! Published tables and the numbers of other software.

use ndarray::{Array2, Axis, array};

use super::*;

/// The four quarters of Bacon (2008), tables 5.2 and 8.1: UK, Japanese and US equities.
fn bacon() -> SectorData {
    SectorData::new(
        array![[0.4, 0.3, 0.3], [0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.3, 0.5, 0.2]].view(),
        array![[0.4, 0.2, 0.4], [0.4, 0.3, 0.3], [0.5, 0.4, 0.1], [0.4, 0.4, 0.2]].view(),
        array![[0.2, -0.05, 0.06], [-0.05, 0.03, -0.05], [-0.2, 0.08, -0.15], [0.1, -0.07, 0.25]].view(),
        array![[0.1, -0.04, 0.08], [-0.07, 0.04, -0.1], [-0.25, 0.05, -0.2], [0.05, -0.05, 0.1]].view(),
    )
    .unwrap()
}

#[track_caller]
fn near(got: impl IntoIterator<Item = f64>, want: &[f64], tolerance: f64) {
    let got: Vec<f64> = got.into_iter().collect();
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= tolerance, "got {got}, want {want}");
    }
}

/// Tables of the book are in per cent with two decimals, computed from sums that were rounded to as many.
const PRINTED: f64 = 1.01e-4;

#[test]
fn bacon_single_period() {
    let effects = bacon().effects(BrinsonModel::default()).unwrap();
    near([effects.portfolio_return[0], effects.benchmark_return[0]], &[0.083, 0.064], 1e-15);
    near(effects.allocation.row(0).to_vec(), &[0.0, -0.0104, -0.0016], 1e-15);
    near(effects.selection.row(0).to_vec(), &[0.04, -0.002, -0.008], 1e-15);
    near(effects.interaction.unwrap().row(0).to_vec(), &[0.0, -0.001, 0.002], 1e-15);
    let hood = bacon().effects(BrinsonModel::default().with_allocation(Allocation::BrinsonHoodBeebower)).unwrap();
    near(hood.allocation.row(0).to_vec(), &[0.0, -0.004, -0.008], 1e-15);
}

#[test]
fn bacon_four_quarters() {
    let merged = bacon().effects(BrinsonModel::default().with_interaction(Interaction::WithSelection)).unwrap();
    let allocation = [0.0, -0.0104, -0.0016, -0.0072, -0.0086, 0.0108, 0.025, 0.0175, -0.0075, -0.003, -0.007, 0.0];
    let selection = [0.04, -0.003, -0.006, 0.014, -0.002, 0.005, 0.015, 0.015, 0.01, 0.015, -0.01, 0.03];
    near(merged.allocation, &allocation, PRINTED);
    near(merged.selection, &selection, PRINTED);
}

#[test]
fn bacon_linked() {
    // Tables 8.2 to 8.5.
    let tables = [
        (Linking::Carino, [0.0165, -0.006, 0.0015], [0.0804, 0.0018, 0.0385]),
        (Linking::Menchero, [0.0156, -0.0078, 0.0014], [0.0838, 0.0005, 0.0391]),
        (Linking::Grap, [0.0167, -0.0055, 0.0011], [0.0785, 0.0016, 0.0402]),
        (Linking::Frongello, [0.0167, -0.0055, 0.0011], [0.0785, 0.0016, 0.0402]),
    ];
    let model = BrinsonModel::default().with_interaction(Interaction::WithSelection);
    for (linking, allocation, selection) in tables {
        let linked = bacon().linked(model, linking).unwrap();
        near([linked.active_return], &[0.1327], PRINTED);
        near(linked.allocation.iter().copied(), &allocation, PRINTED);
        near(linked.selection.iter().copied(), &selection, PRINTED);
        assert!(linked.residual().abs() < 1e-15);
    }
}

#[test]
fn bacon_by_quarter() {
    let effects = bacon().effects(BrinsonModel::default().with_interaction(Interaction::WithSelection)).unwrap();
    let [portfolio, benchmark] = [&effects.portfolio_return, &effects.benchmark_return];
    let quarters = |totals: Vec<f64>, linking| {
        let column = Array2::from_shape_vec((4, 1), totals).unwrap();
        let linked = link(column.view(), portfolio.as_slice().into(), benchmark.as_slice().into(), linking).unwrap();
        linked.by_period.into_iter()
    };
    near(quarters(effects.allocation_total(), Linking::Carino), &[-0.0109, -0.0051, 0.0373, -0.0094], PRINTED);
    near(quarters(effects.selection_total(), Linking::Grap), &[0.0264, 0.0164, 0.0427, 0.0348], PRINTED);
    // Frongello's quarters follow the recursion, worked by hand for the first two.
    let first = effects.selection_total();
    let second = first[1] * (1.0 + portfolio[0]) + benchmark[1] * first[0];
    near(quarters(first.clone(), Linking::Frongello).take(2), &[first[0], second], 1e-16);
}

/// Seven quarters of ten assets: the example of R's PortfolioAttribution 0.3, `attrib.returns` and its weights.
fn quarterly() -> SectorData {
    let weights = |row: [f64; 10]| Array2::from_shape_fn((7, 10), |(_, asset)| row[asset]);
    #[rustfmt::skip]
    let returns = array![
        [-0.0488449601912544, 0.130145461306796, 0.138808198859849, 0.0793463288153107, 0.110281551066906, 0.0859865464746288, 0.0200925690939373, 0.0244068500570904, 0.105917020819861, 0.0469],
        [-0.0594625623247986, 0.105146817612351, -0.055266450217629, 0.0783533142465154, 0.112649798654995, 0.0940755151371304, 0.121937846588215, -0.0972867734257514, 0.0984698768517021, 0.05],
        [0.0812788501281339, -0.00267508586041476, -0.00333772817549605, -0.110472863668628, -0.0859315465723238, 0.0656580438813554, 0.0354019270509163, 0.0851578083403068, 0.0121343770776754, 0.0453],
        [-0.0865849850266276, -0.0892639925841578, -0.189066051718659, -0.00161987076457626, 0.0630920546025013, -0.00818067389517285, -0.0499766385028035, 0.102874786249163, -0.102293627918754, 0.0374],
        [-0.306756501678644, 0.149554513051308, 0.141682604855229, -0.326899182981632, 0.0290173138437453, -0.157881413292489, -0.126983820619464, 0.0646808800245653, 0.0411151650672261, 0.0368],
        [-0.082873927220402, -0.183876280336102, -0.241296248980267, -0.0456105112520526, -0.0133340970899409, 0.0171661663300866, 0.114019256234462, 0.0635927893767256, -0.126472672808048, 0.0401],
        [-0.184620269317874, -0.108896234108928, -0.0901333724688711, -0.453667209926042, -0.329112247012068, -0.155380634095563, -0.263332882718148, -0.0660870005397296, 0.0275590493541866, 0.0381]
    ];
    // The index, nine times, and the bond.
    let index = [
        [0.032424192, 0.0487],
        [0.0644792901531677, 0.0482],
        [0.018008163224998, 0.039],
        [-0.06674041261601, 0.0275],
        [-0.0546608970662401, 0.0129],
        [-0.0642534410870121, 0.0163],
        [-0.101355296016864, 0.0067],
    ];
    SectorData::new(
        weights(PORTFOLIO).view(),
        weights(BENCHMARK).view(),
        returns.view(),
        Array2::from_shape_fn((7, 10), |(quarter, asset)| index[quarter][usize::from(asset == 9)]).view(),
    )
    .unwrap()
}

const PORTFOLIO: [f64; 10] = [0.1, 0.2, 0.3, 0.05, 0.05, 0.01, 0.02, 0.03, 0.04, 0.2];
const BENCHMARK: [f64; 10] = [0.05, 0.05, 0.02, 0.01, 0.07, 0.03, 0.03, 0.06, 0.08, 0.6];

/// Returns without rebalancing, `Return.portfolio` of PerformanceAnalytics.
const DRIFTING: [[f64; 7]; 2] = [
    [
        0.08787905307543148,
        0.023031768578595083,
        0.00744926383077348,
        -0.07365325305138076,
        0.035170339069893725,
        -0.11025221276126106,
        -0.09204883516140049,
    ],
    [
        0.0421896768,
        0.054650700235037174,
        0.030604425714080122,
        -0.009730288729541311,
        -0.012253799634068455,
        -0.012403479213986553,
        -0.029781710211103703,
    ],
];

/// Both sides are sums of a few dozen doubles; the inputs have 15 digits.
const COMPUTED: f64 = 1e-13;

#[test]
fn drifting_returns_of_performance_analytics() {
    let data = quarterly();
    let portfolio = drifting_return(PORTFOLIO.as_slice().into(), data.portfolio_returns()).unwrap();
    let benchmark = drifting_return(BENCHMARK.as_slice().into(), data.benchmark_returns()).unwrap();
    near(portfolio, &DRIFTING[0], COMPUTED);
    near(benchmark, &DRIFTING[1], COMPUTED);
}

#[test]
fn davies_laker_and_geometric_of_portfolio_attribution() {
    // Effects from constant weights, totals from drifting ones.
    let [portfolio, benchmark] = &DRIFTING;
    let totals = Totals::Given { portfolio: portfolio.as_slice().into(), benchmark: benchmark.as_slice().into() };
    let funds = quarterly().notional_funds(totals).unwrap();
    let got = [funds.allocation_total, funds.selection_total, funds.interaction_total];
    near(got, &[-0.163245267419689, 0.0721178988799895, -0.101980867206432], COMPUTED);
    assert!(funds.residual().abs() < 1e-15);
    let effects = quarterly().geometric(totals).unwrap();
    let excess = [
        0.0438397897163201,
        -0.0299804775641788,
        -0.0224675552574529,
        -0.0645510648203409,
        0.0480124739395535,
        -0.099077641008089,
        -0.0641784695316814,
    ];
    near(effects.excess_by_period.iter().copied(), &excess, COMPUTED);
    let compounded = [effects.allocation_compounded, effects.selection_compounded];
    near(compounded, &[-0.142371717109097, -0.0520765344633907], COMPUTED);
    // The weights do not explain the drift, and the residual says so.
    assert!(effects.residual().abs() > 1e-4);
}

#[test]
fn currency_effects_of_portfolio_attribution() {
    let data = quarterly();
    let first = |matrix: ndarray::ArrayView2<'_, f64>| matrix.select(Axis(0), &[0]);
    let quarter = SectorData::new(
        first(data.portfolio_weights()).view(),
        first(data.benchmark_weights()).view(),
        first(data.portfolio_returns()).view(),
        first(data.benchmark_returns()).view(),
    )
    .unwrap();
    #[rustfmt::skip]
    let (spot, forward) = (
        array![
            [1.6725405296509, 1.48293204942198, 1.52043792305262, 1.57617296635764, 1.55444841985969, 1.64128894665073, 1.53716164492743, 1.77761711262789, 1.5783228553374, 1.50400269000923],
            [1.43247223987492, 1.67128328552689, 1.62352939449758, 1.54161550960901, 1.47467042677033, 1.6147648443114, 1.74695242233741, 1.72280604287268, 1.58925441588345, 1.72190942540609]
        ],
        array![
            [1.37837111710548, 1.44785046361666, 1.3901943486931, 1.40477446248696, 1.44012345582986, 1.44335317796091, 1.46218280578305, 1.43955854776976, 1.49099371541357, 1.30678657440075],
            [1.38948420340173, 1.29311342508036, 1.47853375979299, 1.42173699206346, 1.42826506291683, 1.5157814394486, 1.33019267179702, 1.52227789729546, 1.43323785585346, 1.50283485608815]
        ],
    );
    let hedges = CurrencyHedges::new(
        array![[0.02, 0.03, 0.035, 0.045, 0.055, 0.35, 0.1, 0.065, 0.15, 0.15]].view(),
        array![[0.11, 0.02, 0.03, 0.03, 0.06, 0.05, 0.15, 0.15, 0.3, 0.1]].view(),
        spot.view(),
        forward.view(),
    )
    .unwrap();
    let effects = quarter.currency(&hedges).unwrap();
    #[rustfmt::skip]
    let want = [
        (&effects.allocation, [0.0109866048661254, -0.0076223602765648, 0.00235009182572045, 0.00392487603232757, -0.00255038734366459, -0.00184715037352099, 0.000602823340973865, -0.00321093000406358, -0.00277083702765372, 0.0209646974138734]),
        (&effects.selection, [-0.00406345760956272, 0.0048860634653398, 0.00212768013719698, 0.000469221368153107, 0.00545001513468345, 0.00160687063423886, -0.000369948687181881, -0.000481040516574574, 0.0058794263055889, -0.00108]),
        (&effects.interaction, [-0.00406345760956272, 0.0146581903960194, 0.0297875219207577, 0.00187688547261243, -0.00155714718133813, -0.00107124708949258, 0.000123316229060627, 0.000240520258287287, -0.00293971315279445, 0.000719999999999998]),
        (&effects.currency_management, [0.00373305658812395, 0.0202472316679156, -0.0100883133977192, -0.00288747355809925, 0.00251071599522727, -0.0182422287680293, -0.0105280557125328, 0.000461897441032831, 0.00457140010487944, -0.00519240893162989]),
        (&effects.forward_premium, [-0.00621952115814599, -0.012473297067355, 0.00484017473248213, -0.00212538758346661, 0.000726574421731184, 0.000632438824882087, 0.000897966706718118, 0.00296383091096344, 0.00188306392010978, -0.0176281769814721]),
    ];
    for (got, want) in want {
        near(got.iter().copied(), &want, COMPUTED);
    }
}
