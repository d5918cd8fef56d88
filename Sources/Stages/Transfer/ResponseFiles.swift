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
    /// What the model said; `nil` for one that answers in Decant's form.
    var native: NativeAnswer?
    /// Why that cannot be read.
    var fault: String?
    /// What a model behind a server reasoned before it.
    var reasoning: String?
}

extension Rollout: LineContent {
    static let noun = "rollout"

    init(line: JSON) throws(RowError) {
        guard let row = line["id"]?.string, let response = line["response"]?.string else {
            throw RowError("there are no id and response")
        }
        self.init(
            row: row, sample: line["sample"]?.integer ?? 0, response: response, hasEnded: line["ended"] != false,
            native: NativeAnswer(json: line["native"]), fault: line["fault"]?.string, reasoning: line["reasoning"]?.string)
    }

    var line: JSON {
        var members: [String: JSON] = [
            "id": .string(row), "sample": .count(sample), "response": .string(response), "ended": .bool(hasEnded),
        ]
        members["native"] = native?.json
        members["fault"] = fault.map(JSON.string)
        members["reasoning"] = reasoning.map(JSON.string)
        return .object(members)
    }
}

/// A response that was accepted, or one that was not with the reason.
struct SortedResponse {
    let row: String
    let response: String
    var reason: String?
    /// What the model said; `nil` for one that answers in Decant's form.
    var native: NativeAnswer?
}

extension SortedResponse: LineContent {
    static let noun = "response"

    init(line: JSON) throws(RowError) {
        guard let row = line["id"]?.string, let response = line["response"]?.string else {
            throw RowError("there are no id and response")
        }
        self.init(
            row: row, response: response, reason: line["reason"]?.string, native: NativeAnswer(json: line["native"]))
    }

    var line: JSON {
        var members: [String: JSON] = ["id": .string(row), "response": .string(response)]
        members["reason"] = reason.map(JSON.string)
        members["native"] = native?.json
        return .object(members)
    }

    /// That there is no such row.
    func failure(in file: File<[SortedResponse]>) -> StageFailure {
        StageFailure("judged/\(file.name) has a response to no training row: \(line.canonicalText)")
    }
}
