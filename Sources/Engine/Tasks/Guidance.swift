/// What every prompt of a task shows before its question: instructions, and examples with their answers.
package struct Guidance: Hashable, Sendable {
    package var instructions: String
    package var examples: [RowBackground.Example]

    package init(_ instructions: String = "", examples: [RowBackground.Example] = []) {
        (self.instructions, self.examples) = (instructions, examples)
    }
}

extension Row {
    /// The row with a task's guidance before its own, an empty line between any two instructions.
    package func guided(by guidance: Guidance, before last: [String] = []) -> Row {
        var row = self
        row.background.instructions = ([guidance.instructions, background.instructions] + last).filter { !$0.isEmpty }
            .joined(separator: "\n\n")
        row.background.examples = guidance.examples + background.examples
        return row
    }
}
