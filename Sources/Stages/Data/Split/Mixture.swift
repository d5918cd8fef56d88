import CanonicalJSON

/// Rows of other makers that are mixed into training: of each source so many for each training row of the recipe's own, those
/// with the smallest hashes.
struct Mixture {
    /// A source of such rows.
    struct Part: Hashable {
        /// The set that its rows were read under.
        let set: String
        let weight: Double
        /// Rows that there are.
        let rows: Int
        let wanted: Int
        var taken: Int { min(rows, wanted) }
    }

    static let file = File<JSON>("mixture.json")

    /// The recipe's own training rows.
    let own: Int
    /// By set.
    let parts: [Part]

    init(weights: [String: Double], rows: [String: Int], own: Int) {
        self.own = own
        parts = weights.sorted { $0.key < $1.key }.map { set, weight in
            Part(set: set, weight: weight, rows: rows[set] ?? 0, wanted: Int((weight * Double(own)).rounded()))
        }
    }

    /// `{"own": 1000, "train+xlam": {"weight": 0.25, "rows": 60000, "wanted": 250, "taken": 250}}`.
    var json: JSON {
        var members: [String: JSON] = ["own": .count(own)]
        for part in parts {
            members[part.set] = [
                "weight": .number(part.weight), "rows": .count(part.rows), "wanted": .count(part.wanted),
                "taken": .count(part.taken),
            ]
        }
        return .object(members)
    }

    /// For the log: one line for each source.
    var lines: [String] {
        parts.map { part in
            "\(part.set): \(part.taken) of \(part.rows) rows beside \(own) of the recipe's own"
                + (part.taken < part.wanted ? "; the weight \(part.weight) asks for \(part.wanted), and there are no more" : "")
        }
    }
}
