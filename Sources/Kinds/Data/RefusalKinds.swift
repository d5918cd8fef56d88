import Declarations
import Words

package enum RefusalKinds {
    static let kinds: [any StageKind.Type] = [DataNoCall.self, EvalDecide.self]
}

/// Adds rows that want no call: copies of rows with calls, from whose lists the functions that they call are left out.
///
/// A copy lists as many functions as its row: in the place of each that is left out stands another one of the pool, where there
/// is one. Training rows never get a function that rows of other sets call and no training row does. Equal questions with and
/// without the right function teach that the list decides, and not the words.
///
/// Where rows list the same functions one after the other (`candidates.group`), a copy lists what other such rows list, and
/// stands behind them: of eight lists that suit it, the one with the most functions that share a word with those it calls.
///
/// Revision 2: copies of rows in groups had lists of their own, whose prompts nothing shared.
///
/// Inputs: `data` (of `data.split`, or what became of it).
/// Output: as its input, and `no_call.json`: of each set that gets copies, its rows, its copies, and the rows that could be
/// copied.
package struct DataNoCall: StageKind {
    package static let declaration = KindDeclaration(
        "data.no-call", revision: 2, inputs: [.required("data")], output: "as `data.split`, and `no_call.json`")

    @Spanned package var share = 0.2
    /// In the order of `RowSet`.
    @Spanned package var sets = [RowSet.train, .valid]
    @Spanned package var seed = 7

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$share,
            .share("share", in: 0...0.5, "Share of a set's rows that are such copies; fewer where too few rows can be copied.")),
        .init(
            \.$sets,
            Field<[Spanned<RowSet>]>.list(of: .choice("sets", "The sets that get copies."), isSet: true).plain()),
        .init(\.$seed, .seed("Decides which rows are copied, and which functions they list.")),
    ]

    package mutating func settle() { sets = RowSet.allCases.filter(sets.contains) }
}

/// Finds the likelihood of no call below which a model's calls are made, and applies it to the model's answers.
///
/// An answer is no call where the model holds it to be as probable as the threshold or more, and else its best call. The
/// threshold is the one on `valid` with the most right refusals that costs at most two hundredths of the rows that want a call,
/// by the rules of `ast`; of several the one with the most right calls, and then the one nearest to a half. Where `valid` lacks
/// rows of one of the two kinds, or the model answers in a form of its own, no threshold is found and answers stay as they are.
///
/// Revision 2: the mean of the shares of both kinds chose the threshold, and gave up six right calls of a hundred for eight
/// right refusals.
///
/// Inputs: `data` (of `data.split`), `answers` (of `eval.generate` with `refusals`).
/// Output: `threshold.json`: the threshold, and of each set `curve`: for each threshold the shares of right
/// answers to rows that want a call and to those that want none; `<set>.jsonl` per set: the answers as they are decided.
package struct EvalDecide: StageKind {
    package static let declaration = KindDeclaration(
        "eval.decide", revision: 2, inputs: [.required("data"), .required("answers")],
        output: "`threshold.json`, one `<set>.jsonl` per set")

    /// Those of the answers.
    @Spanned package var sets = evaluatedSets
    /// `nil` where `valid` decides.
    @Spanned package var threshold: Double? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$sets, .evaluatedSets, at: .elsewhere, isNeeded: true),
        .init(
            \.$threshold,
            .number(
                "threshold", in: 0...1, spelled: "the best one on `valid`",
                "The likelihood of no call from which on no call is made.")),
    ]

    package func operations(_ workload: Workload) -> Double? { 0 }
}
