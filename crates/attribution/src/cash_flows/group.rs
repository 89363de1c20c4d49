use std::collections::{BTreeMap, BTreeSet};

use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{AccountHistory, CashFlow, FlowKind, FlowTiming, Transfer, Valuation};
use crate::exact_sum::ExactSum;
use crate::{Error, Result};

/// Accounts of one owner and the transfers between them.
///
/// A transfer is stated once. It is a flow of both accounts, and no flow of any set of accounts that holds both: a fork
/// that moves half of a surplus to a new account, or a merge, earns nothing.
///
/// Before its first valuation, which must be zero or on a day on which something came in, an account is worth nothing;
/// after its last one too, when that is zero. At every other date at which any account is valued, all must be.
///
/// ```
/// use alluse_attribution::cash_flows::{
///     AccountGroup, AccountHistory, FeeBasis, FlowTiming, Transfer, Valuation,
/// };
/// use jiff::civil::date;
///
/// let days = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 28)];
/// let account = |name: &str, values: &[(usize, f64)]| {
///     let valuations = values.iter().map(|&(day, value)| Valuation::new(days[day], value)).collect();
///     AccountHistory::new(name, valuations, vec![])
/// };
/// // The surplus over 50,000 is halved at the end of February; both accounts earn 1 % in March.
/// let group = AccountGroup::new(
///     vec![
///         account("GEN", &[(0, 50_000.0), (1, 52_000.0), (2, 53_530.0)])?, // 55,000 less 2,000 → 53,000
///         account("GEN 2", &[(1, 2_000.0), (2, 2_020.0)])?,
///     ],
///     vec![Transfer::new(days[1], "GEN", "GEN 2", 2_000.0, FlowTiming::End)],
/// )?;
/// let total = group.total()?.time_weighted(FeeBasis::Net)?;
/// assert!((total.total_return - (55_550.0 / 50_000.0 - 1.0)).abs() < 1e-12);
/// let new = group.account("GEN 2")?.time_weighted(FeeBasis::Net)?;
/// assert!((new.total_return - 0.01).abs() < 1e-12);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct AccountGroup {
    /// By name, each valued at all dates.
    accounts: BTreeMap<String, AccountHistory>,
    transfers: Vec<Transfer>,
}

impl AccountGroup {
    /// Accounts with their external flows and fees, and the transfers between them.
    ///
    /// # Errors
    /// [`Error::Input`] for no accounts, a name that occurs twice, an amount that is not finite;
    /// [`Error::Invalid`] for an internal flow among an account's own, a transfer of an account to itself or with an
    /// unknown account, or a missing valuation, naming account and date.
    pub fn new(accounts: Vec<AccountHistory>, transfers: Vec<Transfer>) -> Result<Self> {
        let dates: BTreeSet<Date> = accounts.iter().flat_map(AccountHistory::valuations).map(|v| v.date).collect();
        let mut complete: BTreeMap<String, AccountHistory> = BTreeMap::new();
        let order: Vec<String> = accounts.iter().map(|account| account.name().to_owned()).collect();
        if order.is_empty() {
            return Err(Input::Empty { name: "accounts" }.into());
        }
        for (index, name) in order.iter().enumerate() {
            if let Some(first) = order[..index].iter().position(|other| other == name) {
                return Err(Input::Duplicate { name: "account", value: name.clone(), first, second: index }.into());
            }
        }
        for (index, transfer) in transfers.iter().enumerate() {
            known(index, transfer, &order)?;
        }
        for account in accounts {
            let name = account.name().to_owned();
            complete.insert(name, completed(account, &dates, &transfers)?);
        }
        Ok(Self { accounts: complete, transfers })
    }

    /// The accounts' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// The transfers between them.
    #[must_use]
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    /// One account; its transfers are flows.
    ///
    /// # Errors
    /// [`Error::Input`] for a name that is not there.
    pub fn account(&self, name: &str) -> Result<AccountHistory> {
        self.consolidated(name, &[name])
    }

    /// All accounts as one.
    ///
    /// # Errors
    /// [`Error::Input`] when values are too large to be added.
    pub fn total(&self) -> Result<AccountHistory> {
        let names: Vec<&str> = self.names().collect();
        self.consolidated("total", &names)
    }

    /// Some accounts as one, under a name: a node of a tree of accounts. Transfers among them are no flows; transfers
    /// with the others are.
    ///
    /// # Errors
    /// [`Error::Input`] for no names, a name that is not there or occurs twice, and values too large to be added.
    pub fn consolidated(&self, name: &str, accounts: &[&str]) -> Result<AccountHistory> {
        let members: BTreeSet<&str> = accounts.iter().copied().collect();
        let mut histories = Vec::with_capacity(accounts.len());
        for (index, member) in accounts.iter().enumerate() {
            if let Some(first) = accounts[..index].iter().position(|other| other == member) {
                let value = (*member).to_owned();
                return Err(Input::Duplicate { name: "account", value, first, second: index }.into());
            }
            let unknown = || Input::Unknown { name: "account", value: (*member).to_owned() };
            histories.push(self.accounts.get(*member).ok_or_else(unknown)?);
        }
        let Some(first) = histories.first() else { return Err(Input::Empty { name: "accounts" }.into()) };
        let valuations = first.valuations().iter().enumerate().map(|(index, valuation)| {
            let values = histories.iter().map(|history| history.valuations()[index].value);
            Ok(Valuation::new(valuation.date, ExactSum::of(values).checked("value of the accounts together")?))
        });
        let valuations = valuations.collect::<Result<Vec<_>>>()?;
        let own = histories.iter().flat_map(|history| history.flows().iter().cloned());
        let crossing = self.transfers.iter().filter_map(|transfer| {
            match (members.contains(transfer.from.as_str()), members.contains(transfer.to.as_str())) {
                (true, false) => Some(transfer.side(&transfer.from)),
                (false, true) => Some(transfer.side(&transfer.to)),
                (true, true) | (false, false) => None,
            }
        });
        let flows: Vec<CashFlow> = own.chain(crossing).collect();
        AccountHistory::new(name, valuations, flows)
    }
}

fn known(index: usize, transfer: &Transfer, accounts: &[String]) -> Result<()> {
    if !transfer.amount.is_finite() {
        let (name, value) = ("transfers", transfer.amount);
        return Err(Input::ElementOutOfDomain { name, index, expected: "finite", value }.into());
    }
    let what = format!("transfer {index} on {}", transfer.date);
    if transfer.from == transfer.to {
        return Err(Error::invalid(what, format!("it goes from {} to itself", transfer.from)));
    }
    match [&transfer.from, &transfer.to].into_iter().find(|side| !accounts.contains(side)) {
        Some(side) => Err(Error::invalid(what, format!("there is no account {side:?}"))),
        None => Ok(()),
    }
}

/// The account with a value at every date of the group.
fn completed(account: AccountHistory, dates: &BTreeSet<Date>, transfers: &[Transfer]) -> Result<AccountHistory> {
    if let Some(flow) = account.flows().iter().find(|flow| matches!(flow.kind, FlowKind::Internal { .. })) {
        let reason = format!("{} has an internal flow of {}; state it as a transfer", account.name(), flow.amount);
        return Err(Error::invalid(format!("flow on {}", flow.date), reason));
    }
    let (first, last) = account.ends();
    let received = || {
        let transferred =
            transfers.iter().any(|t| t.date == first.date && (t.to == account.name() || t.from == account.name()));
        transferred || account.has_flow(first.date, FlowTiming::Start) || account.has_flow(first.date, FlowTiming::End)
    };
    let mut own = account.valuations().iter().peekable();
    let mut valuations = Vec::with_capacity(dates.len());
    for &date in dates {
        let known = own.next_if(|valuation| valuation.date == date).copied();
        let absent = if date < first.date {
            (first.value == 0.0 || received()).then_some(0.0)
        } else if date > last.date {
            (last.value == 0.0).then_some(0.0)
        } else {
            None
        };
        match known.map(|valuation| valuation.value).or(absent) {
            Some(value) => valuations.push(Valuation::new(date, value)),
            None => return Err(account.missing(date, "another account is valued then")),
        }
    }
    let (name, _, flows) = account.into_parts();
    AccountHistory::new(name, valuations, flows)
}

/// The stored form, checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    accounts: Vec<AccountHistory>,
    transfers: Vec<Transfer>,
}

impl TryFrom<Stored> for AccountGroup {
    type Error = Error;

    fn try_from(Stored { accounts, transfers }: Stored) -> Result<Self> {
        Self::new(accounts, transfers)
    }
}

impl From<AccountGroup> for Stored {
    fn from(AccountGroup { accounts, transfers }: AccountGroup) -> Self {
        Self { accounts: accounts.into_values().collect(), transfers }
    }
}
