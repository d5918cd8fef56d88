import CanonicalJSON

/// What an answer must keep to count for goodput. Seconds; `nil` where nothing is asked.
package struct ServiceObjective: Hashable, Sendable {
    /// Until the first token.
    package var firstToken: Double?
    /// For each further token, in the mean of an answer.
    package var furtherToken: Double?
    /// Until the whole answer.
    package var response: Double?

    package init(firstToken: Double? = nil, furtherToken: Double? = nil, response: Double? = nil) {
        (self.firstToken, self.furtherToken, self.response) = (firstToken, furtherToken, response)
    }

    /// `nil` where nothing is said of tokens.
    package static func stated(firstToken: Double?, furtherToken: Double?) -> ServiceObjective? {
        firstToken == nil && furtherToken == nil ? nil : ServiceObjective(firstToken: firstToken, furtherToken: furtherToken)
    }

    /// An answer without tokens, or with one, keeps what is said of tokens that it does not have.
    func isKept(by request: MeasuredRequest) -> Bool {
        func keeps(_ time: Double?, _ limit: Double?) -> Bool { (time ?? 0) <= limit ?? .infinity }
        return request.failure == nil && keeps(request.timeToFirstToken, firstToken)
            && keeps(request.timePerOutputToken, furtherToken) && keeps(request.responseTime, response)
    }
}

/// What the requests of a load come to. Times are of answered requests alone, in seconds.
package struct LoadSummary: Hashable, Sendable {
    package private(set) var answered = 0
    package private(set) var failed = 0
    /// How often requests failed for each reason.
    package private(set) var failures: [String: Int] = [:]
    package private(set) var seconds: Double
    /// From the time at which a request was due to the end of its response.
    package private(set) var response: Distribution?
    package private(set) var firstToken: Distribution?
    package private(set) var furtherToken: Distribution?
    /// From one piece of an answer to the next.
    package private(set) var gaps: Distribution?
    package private(set) var promptTokens = 0
    /// Of the prompts' tokens; `nil` where the server does not say.
    package private(set) var cachedTokens: Int?
    package private(set) var answerTokens = 0
    /// Answers whose tokens the server did not count: their pieces stand for them.
    package private(set) var uncounted = 0
    /// Answers that kept the objective; `nil` where there is none.
    package private(set) var kept: Int?
    package private(set) var ownProcessorSeconds: Double

    /// Reasons that are told apart, at most.
    private static let mostReasons = 20

    package init(_ record: LoadRecord, objective: ServiceObjective? = nil) {
        (seconds, ownProcessorSeconds) = (record.seconds, record.ownProcessorSeconds)
        let answers = record.requests.filter { $0.failure == nil }
        (answered, failed) = (answers.count, record.requests.count - answers.count)
        for reason in record.requests.compactMap(\.failure) {
            let isNew = failures[reason] == nil
            failures[isNew && failures.count >= Self.mostReasons ? "other reasons" : reason, default: 0] += 1
        }
        response = Distribution(answers.map(\.responseTime))
        firstToken = Distribution(answers.compactMap(\.timeToFirstToken))
        furtherToken = Distribution(answers.compactMap(\.timePerOutputToken))
        gaps = Distribution(answers.flatMap { $0.gaps.map(Double.init) })
        let usages = answers.compactMap(\.usage)
        promptTokens = usages.reduce(0) { $0 + $1.prompt }
        let cached = usages.compactMap(\.cached)
        cachedTokens = cached.isEmpty ? nil : cached.reduce(0, +)
        answerTokens = answers.reduce(0) { $0 + $1.answerTokens }
        uncounted = answers.count - usages.count
        kept = objective.map { objective in answers.count { objective.isKept(by: $0) } }
    }

    /// Answers a second.
    package var queriesPerSecond: Double { perSecond(Double(answered)) }
    /// Answers a second that kept the objective.
    package var goodput: Double? { kept.map { perSecond(Double($0)) } }
    /// Tokens of answers a second, all answers together.
    package var tokensPerSecond: Double { perSecond(Double(answerTokens)) }
    /// Processors that this client itself kept busy, in the mean.
    package var ownProcessors: Double { perSecond(ownProcessorSeconds) }

    private func perSecond(_ value: Double) -> Double { value / max(seconds, 1e-9) }

    /// The mean of an answer.
    private func perAnswer(_ value: Int) -> JSON { .number(Double(value) / Double(max(answered, 1))) }

    package var json: JSON {
        var members: [String: JSON] = [
            "answered": .count(answered), "failed": .count(failed), "seconds": .number(seconds),
            "queries_per_second": .number(queriesPerSecond), "tokens_per_second": .number(tokensPerSecond),
            "prompt_tokens": perAnswer(promptTokens), "answer_tokens": perAnswer(answerTokens),
            "client_processors": .number(ownProcessors),
        ]
        members["cached_tokens"] = cachedTokens.map(perAnswer)
        members["goodput"] = goodput.map(JSON.number)
        for (name, times) in [
            ("response", response), ("first_token", firstToken), ("further_token", furtherToken), ("gaps", gaps),
        ] {
            members[name] = times?.json
        }
        if uncounted > 0 { members["uncounted"] = .count(uncounted) }
        if !failures.isEmpty { members["failures"] = .object(failures.mapValues(JSON.count)) }
        return .object(members)
    }
}
