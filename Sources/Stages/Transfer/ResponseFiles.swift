import CanonicalJSON
import Engine

/// A sampled response to a training row: a line of `rollouts.jsonl`.
struct Rollout {
    /// Of `sample` and `endpoint.sample`.
    static let file = File<[Rollout]>("rollouts.jsonl")

    let row: String
    /// The number of the row's response, from 0.
    let sample: Int
    let response: String
    let hasEnded: Bool
}

extension Rollout: LineContent {
    static let noun = "rollout"

    init(line: JSON) throws(RowError) {
        guard let row = line["id"]?.string, let response = line["response"]?.string else {
            throw RowError("there are no id and response")
        }
        self.init(row: row, sample: line["sample"]?.integer ?? 0, response: response, hasEnded: line["ended"] != false)
    }

    var line: JSON {
        [
            "id": .string(row), "sample": .count(sample), "response": .string(response), "ended": .bool(hasEnded),
        ]
    }
}

/// A response that was accepted, or one that was not with the reason.
struct SortedResponse {
    let row: String
    let response: String
    var reason: String?
}

extension SortedResponse: LineContent {
    static let noun = "response"

    init(line: JSON) throws(RowError) {
        guard let row = line["id"]?.string, let response = line["response"]?.string else {
            throw RowError("there are no id and response")
        }
        self.init(row: row, response: response, reason: line["reason"]?.string)
    }

    var line: JSON {
        var members: [String: JSON] = ["id": .string(row), "response": .string(response)]
        members["reason"] = reason.map(JSON.string)
        return .object(members)
    }

    /// That there is no such row.
    func failure(in file: File<[SortedResponse]>) -> StageFailure {
        StageFailure("judged/\(file.name) has a response to no training row: \(line.canonicalText)")
    }
}
