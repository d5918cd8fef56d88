import Diagnostics

/// A set of rows.
public enum RowSet: String, CaseIterable, Sendable {
    case train
    case valid
    case test
    /// Templates that training rows never use.
    case phrasing
    /// Values that training rows never use.
    case values
    /// Functions that no training row shows.
    case ood
}

/// `data.split`: how rows are divided into sets.
public struct SplitSection: Sendable {
    public let test: Spanned<Double>
    public let valid: Spanned<Double>
    /// Functions out of domain.
    public let outOfDomain: Spanned<[Spanned<String>]>
    /// At most this many rows a set, in the order of `RowSet`.
    public let limits: [(set: RowSet, rows: Spanned<Int>)]
    public let seed: Spanned<Int>

    init(reading data: Fields) {
        let fields = data.section("split", known: ["test", "valid", "ood", "limit", "seed"])
        test = fields.share("test", default: Defaults.testShare, in: 0...0.9)
        valid = fields.share("valid", default: Defaults.validShare, in: 0...0.9)
        outOfDomain = fields.section("ood", known: ["functions"]).words("functions")
        let limit = fields.section("limit", known: RowSet.allCases.map(\.rawValue))
        limits = RowSet.allCases.compactMap { set in
            let rows = limit.integer(set.rawValue, default: 0, in: 1...10_000_000)
            return rows.isWritten ? (set, rows) : nil
        }
        seed = fields.integer("seed", default: Defaults.splitSeed, in: 0...Int.max)
        if test.value + valid.value > 0.95 {
            let written = test.isWritten ? test : valid
            fields.report(
                Diagnostic(
                    code: "out-of-range", "'test' and 'valid' leave less than 5% of the rows to train on", at: written.span,
                    label: "\(test.value.percentage) and \(valid.value.percentage)", help: "make their sum 95% or less"))
        }
    }
}
