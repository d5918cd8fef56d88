/// A prompt that is to be answered, and how.
package struct AnswerRequest: Sendable {
    package var prompt: GenerationPrompt
    /// One sample: several answers are several requests, each with an item of its own.
    package var options: GenerationOptions
    /// The number of the answer among the draws, 0 or more: random numbers depend on the seed, this number and the position.
    package var item: Int
    /// The most probable tokens that are told of at each place, 0...20. More than 0 records log-probabilities.
    package var topLogProbabilities: Int

    package init(prompt: GenerationPrompt, options: GenerationOptions, item: Int = 0, topLogProbabilities: Int = 0) {
        (self.prompt, self.options) = (prompt, options)
        (self.item, self.topLogProbabilities) = (item, topLogProbabilities)
    }

    /// The request with its options as a run takes them.
    ///
    /// - Throws: where the model cannot answer it.
    func checked(for model: InferenceModel) throws(AnswerRefusal) -> AnswerRequest {
        let limit = model.model.configuration.maximumPositions
        if prompt.tokens.count > limit { throw AnswerRefusal.tooLong(tokens: prompt.tokens.count, limit: limit) }
        do throws(GenerationError) {
            try options.check()
            try model.check(prompt.tokens + prompt.dictated, index: 0)
        } catch {
            throw AnswerRefusal.invalid(error.description)
        }
        guard options.samples == 1 else {
            throw AnswerRefusal.invalid("A request has one answer, not \(options.samples): ask as often as answers are wanted.")
        }
        guard item >= 0 else { throw AnswerRefusal.invalid("An item is 0 or more, not \(item).") }
        guard (0...20).contains(topLogProbabilities) else {
            throw AnswerRefusal.invalid("The most probable tokens are 0 to 20 in number, not \(topLogProbabilities).")
        }
        var checked = self
        checked.options.maximumTokens = min(max(0, options.maximumTokens), limit)
        if topLogProbabilities > 0 { checked.options.recordsLogProbabilities = true }
        return checked
    }
}

/// A token of an answer.
package struct ServedToken: Sendable {
    package var token: Int32
    /// ln p under the model's own distribution; 0 where it is not recorded.
    package var logProbability: Float
    /// The most probable tokens at its place, the first one first.
    package var alternatives: [TokenAlternative]
}

/// What becomes of a request, in order: it starts, its tokens come, it ends or fails. A cancelled request just has no more events.
package enum AnswerEvent: Sendable {
    /// The number of the prompt's tokens whose keys and values were there already.
    case started(cachedTokens: Int)
    /// The next tokens. What may still become a stop sequence is held back, and so is a last token that a stop sequence cuts.
    case tokens([ServedToken])
    /// The whole answer, as `Generator` gives it.
    case ended(GeneratedSequence)
    /// The engine cannot answer it.
    case failed(String)
}

/// Why a request is not taken.
package enum AnswerRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// As many requests wait as may.
    case full(waiting: Int)
    case tooLong(tokens: Int, limit: Int)
    case invalid(String)
    /// The engine takes no more requests.
    case draining

    package var description: String {
        switch self {
        case .full(let waiting): "The queue is full: \(waiting) requests wait."
        case .tooLong(let tokens, let limit): "The prompt has \(tokens) tokens; the model takes at most \(limit)."
        case .invalid(let reason): reason
        case .draining: "The engine takes no more requests."
        }
    }
}

/// Names a request that was taken.
package struct AnswerTicket: Hashable, Sendable {
    let id: Int
}
