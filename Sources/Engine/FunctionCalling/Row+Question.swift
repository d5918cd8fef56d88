extension Row {
    /// The user's words in a prompt: knowledge and context, where there are any, and then the query.
    ///
    /// ```
    /// Knowledge:
    /// - The hall has two lamps.
    ///
    /// Context:
    /// I am in the hall.
    ///
    /// turn them off
    /// ```
    var question: String {
        var sections: [String] = []
        if !background.knowledge.isEmpty {
            sections.append("Knowledge:\n" + background.knowledge.map { "- " + $0 }.joined(separator: "\n"))
        }
        if !background.context.isEmpty { sections.append("Context:\n" + background.context) }
        return (sections + [query]).joined(separator: "\n\n")
    }

    /// All of a prompt but its functions as one text: instructions, examples, and the question.
    var plainPrompt: String {
        let instructions = background.instructions.isEmpty ? [] : [background.instructions]
        let examples = background.examples.map { "Example:\n\($0.query)\n\($0.response)" }
        return (instructions + examples + [question]).joined(separator: "\n\n")
    }
}
