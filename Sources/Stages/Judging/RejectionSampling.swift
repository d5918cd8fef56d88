import CanonicalJSON
import Engine

/// Sorts rollouts: of each row's accepted responses the first distinct ones are kept; the others go with the reason.
struct RejectionSampling {
    /// Distinct accepted responses kept per row.
    let keep: Int
    private(set) var accepted: [JSON] = []
    private(set) var rejected: [JSON] = []
    /// Accepted, but equal to a kept response or more than are kept.
    private(set) var surplus: [JSON] = []
    private var kept: [String: Set<String>] = [:]

    init(keep: Int) { self.keep = keep }

    /// Rows with a kept response.
    var answeredRows: Int { kept.count }

    mutating func add(_ id: String, _ response: String, _ verdict: Verdict) {
        let entry: [String: JSON] = ["id": .string(id), "response": .string(response)]
        func because(_ reason: String) -> JSON { .object(entry.merging(["reason": .string(reason)]) { $1 }) }
        switch verdict {
        case .rejected(let reason): rejected.append(because(reason))
        case .accepted where kept[id]?.contains(response) == true:
            surplus.append(because("equal to a response that is kept"))
        case .accepted where kept[id, default: []].count >= keep:
            surplus.append(because("\(keep) of the row's responses \(keep == 1 ? "is" : "are") kept already"))
        case .accepted:
            kept[id, default: []].insert(response)
            accepted.append(.object(entry))
        }
    }
}
