import Words

/// How a model is asked and how its answers are read: its task, its prompts and its style of answers.
package struct AnswerConvention: Sendable {
    package let task: any AnswerTask
    /// What a prompt shows.
    package let style: PromptStyle
    package let answerStyle: AnswerStyle
    package let prompts: PromptEncoder

    package init(_ task: any AnswerTask, style: PromptStyle, answerStyle: AnswerStyle, prompts: PromptEncoder) {
        (self.task, self.style, self.answerStyle, self.prompts) = (task, style, answerStyle, prompts)
    }

    /// The tokens that a model reads before it answers a row.
    package func promptTokens(of row: Row) throws(RowError) -> [Int32] {
        try prompts.promptTokens(of: task.shown(row, in: style), functions: task.functions)
    }

    /// Whether it is known what an answer to a row may be.
    package func knowsAnswers(to row: Row) -> Bool {
        task.kind != .calls || !row.callable(in: task.functions).isEmpty
    }

    /// What a model said, in its style of answers.
    package func reading(of sequence: GeneratedSequence) -> AnswerReading {
        let said = prompts.response(of: sequence)
        let parsed = answerStyle.answer(in: said.text)
        var fault = said.fault
        if case .failure(let error) = parsed { fault = fault ?? error.description }
        return AnswerReading(response: said.words ?? said.text, words: said.words, answer: try? parsed.get(), fault: fault)
    }

    /// Why what a model said is no answer to a row; `nil` where it is one, and where nobody knows what it may be.
    package func fault(of reading: AnswerReading, to row: Row) -> String? {
        if let fault = reading.fault { return fault }
        guard knowsAnswers(to: row), let answer = reading.answer else { return nil }
        return task.formFault(in: answer, to: row)
    }
}

/// What a model said.
package struct AnswerReading: Hashable, Sendable {
    /// As the model said it; calls are in Decant's spelling.
    package let response: String
    /// What it said in place of calls, in a form of its own.
    package let words: String?
    /// The part that answers; `nil` where the response is not in the model's style of answers.
    package let answer: String?
    /// Why it cannot be read; `nil` where it can.
    package let fault: String?
}

/// How many calls an answer may have.
package struct CallBounds: Hashable, Sendable {
    /// `nil` for as many as there is room for.
    package var most: Int?
    package var isRequired: Bool

    package init(most: Int? = nil, isRequired: Bool = false) { (self.most, self.isRequired) = (most, isRequired) }
}

extension AnswerConvention {
    /// All texts that an answer to a row may be; `nil` where any may, and where no grammar says so.
    ///
    /// - Throws: where a call is required of a model that calls in a form of its own: its grammar has answers without calls.
    package func pattern(of row: Row, calls: CallBounds = CallBounds()) throws(RowError) -> BytePattern? {
        guard answerStyle == .call else { return nil }
        guard task.kind == .calls else { return task.pattern(of: row) }
        let functions = row.callableDefinitions(in: task.functions)
        guard !functions.isEmpty else { return nil }
        guard let form = prompts.form else {
            return .calls(of: functions, atMost: calls.most, isEmptyAllowed: !calls.isRequired, copyingFrom: row.query)
        }
        guard !calls.isRequired else {
            throw RowError("this model calls in the form '\(form.name)', in which no call can be required")
        }
        return form.pattern(of: functions, atMost: calls.most)
    }

    /// The tokens that constraints of the model's answers are made of.
    package func vocabulary() -> Vocabulary { Vocabulary(prompts.tokenizer, spelling: Set(prompts.form?.marks ?? [])) }
}

extension AnswerConvention {
    /// What a model holds each of several answers to be worth after a prompt.
    ///
    /// - Parameter positions: the most tokens that the model reads.
    package func scores(
        of options: [String], after prompt: [Int32], by reader: LikelihoodReader, positions: Int
    ) throws -> [ScoredOption] {
        let questions = options.map {
            LikelihoodQuestion(context: prompt, continuation: prompts.responseTokens(of: $0)).cut(to: positions)
        }
        return zip(try reader.likelihoods(of: questions), options).map { ScoredOption($0, of: $1) }
    }
}
