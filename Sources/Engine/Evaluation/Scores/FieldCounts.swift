import CanonicalJSON

/// Counts the fields of objects: precision, recall and F1 over pairs of field and value, summed over all rows (micro).
///
/// The elements of a list are pairs of their own, each as often as it occurs, in any order. A value is right where its
/// canonical JSON is the same. A field that is missing or `null` has no pair. A share of nothing is 0, as scikit-learn has it.
package struct FieldCounts: Hashable, Sendable {
    package struct Shares: Hashable, Sendable {
        fileprivate(set) var right = 0
        fileprivate(set) var wanted = 0
        fileprivate(set) var given = 0

        package var precision: Double { .share(right, of: given) }
        package var recall: Double { .share(right, of: wanted) }
        package var f1: Double { .share(2 * right, of: wanted + given) }
        /// Pairs that rows want.
        package var support: Int { wanted }
    }

    /// Over all fields.
    package private(set) var all = Shares()
    package private(set) var fields: [String: Shares] = [:]

    package init() {}

    /// - Parameter given: empty for an answer that is no object.
    package mutating func add(wanted: [String: JSON], given: [String: JSON]) {
        for field in Set(wanted.keys).union(given.keys).sorted() {
            let (wanted, given) = (Self.values(wanted[field]), Self.values(given[field]))
            var left: [String: Int] = [:]
            for value in wanted { left[value, default: 0] += 1 }
            var right = 0
            for value in given {
                guard let count = left[value], count > 0 else { continue }
                left[value] = count - 1
                right += 1
            }
            count(right, wanted.count, given.count, in: &all)
            count(right, wanted.count, given.count, in: &fields[field, default: Shares()])
        }
    }

    private func count(_ right: Int, _ wanted: Int, _ given: Int, in shares: inout Shares) {
        shares.right += right
        shares.wanted += wanted
        shares.given += given
    }

    private static func values(_ json: JSON?) -> [String] {
        switch json {
        case nil, .null: []
        case .array(let elements): elements.map(\.canonical.canonicalText)
        case .some(let value): [value.canonical.canonicalText]
        }
    }
}
