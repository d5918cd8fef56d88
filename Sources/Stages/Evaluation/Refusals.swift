import CanonicalJSON
import Engine

/// What a threshold decides by: how probable no call is, and what is called all the same.
struct Refusal: Hashable {
    /// Of no call, between 0 and 1.
    let likelihood: Double
    /// Of the answer that calls nothing.
    let tokens: Int
    /// The most probable call, where the response calls nothing.
    var call: Call?

    struct Call: Hashable {
        let response: String
        let tokens: Int
    }
}

extension Refusal {
    init(json: JSON) throws(RowError) {
        guard let likelihood = json["likelihood"]?.double, let tokens = json["tokens"]?.integer else {
            throw RowError("the refusal has no likelihood and tokens")
        }
        (self.likelihood, self.tokens) = (likelihood, tokens)
        call = json["call"]?.string.map { Call(response: $0, tokens: json["call_tokens"]?.integer ?? 0) }
    }

    var json: JSON {
        var members: [String: JSON] = ["likelihood": .number(likelihood), "tokens": .count(tokens)]
        if let call {
            members["call"] = .string(call.response)
            members["call_tokens"] = .count(call.tokens)
        }
        return .object(members)
    }
}

/// Finds what a threshold decides by.
struct Refusals {
    private let rows: ResponseRows
    private let likelihoods: NoCallReader
    private let generator: Generator
    private let options: GenerationOptions
    private let mostCalls: Int?

    /// - Parameter mostCalls: of an answer.
    /// - Returns: `nil` for a model that calls in a form of its own.
    init?(
        _ rows: ResponseRows, _ model: InferenceModel, _ generator: Generator, _ options: GenerationOptions, mostCalls: Int?,
        workers: WorkerPool
    ) {
        guard let likelihoods = NoCallReader(model, prompts: rows.prompts, workers: workers) else { return nil }
        (self.rows, self.likelihoods, self.generator) = (rows, likelihoods, generator)
        (self.options, self.mostCalls) = (options, mostCalls)
    }

    /// The refusal of each row. Rows that were answered without a call are asked again, for one that fits a function.
    ///
    /// - Parameters:
    ///   - prompts: the tokens of each row's prompt.
    ///   - answers: what the model said to each.
    func refusals(of asked: [Row], prompts: [[Int32]], answers: [GeneratedSequence]) throws -> [Refusal] {
        var refusals = try likelihoods.likelihoods(after: prompts).map {
            Refusal(likelihood: $0, tokens: likelihoods.tokens)
        }
        var constraints = AnswerConstraints(task: rows.task, prompts: rows.prompts, mostCalls: mostCalls)
        var places: [Int] = []
        var again: [GenerationPrompt] = []
        for place in asked.indices {
            let response = rows.prompts.response(of: answers[place]).text
            guard case .success(let calls) = CallParser.calls(in: response), calls.isEmpty,
                let constraint = constraints.callingConstraint(for: asked[place])
            else { continue }
            places.append(place)
            again.append(GenerationPrompt(prompts[place], constraint: constraint))
        }
        guard !again.isEmpty else { return refusals }
        for (place, answer) in zip(places, try generator.generate(again, options: options)) {
            let text = rows.prompts.response(of: answer).text
            refusals[place].call = Refusal.Call(response: text, tokens: answer.tokens.count)
        }
        return refusals
    }
}
