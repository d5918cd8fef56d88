import CanonicalJSON
import Engine
import Kinds

/// What is trained on, held to the length that a recipe allows.
enum LengthLimit {
    /// How many rows were cut or left out: `max_length`, `rows`, `cut`, `left_out`. There where a training has a limit.
    static let file = File<JSON>("lengths.json")
}

extension StageContext {
    /// Items that are no longer than the training allows, each with its place among all.
    ///
    /// - Parameter cut: an item without what is beyond so many tokens; `nil` where nothing is left to learn.
    /// - Throws: where no item is left.
    func fitted<Item: Equatable>(
        _ items: [Item], to parameters: TrainingParameters, _ cut: (Item, Int) -> Item?
    ) throws -> [(place: Int, item: Item)] {
        guard let limit = parameters.maxLength else { return items.enumerated().map { (place: $0.offset, item: $0.element) } }
        var fitted: [(place: Int, item: Item)] = []
        var shortened = 0
        for (place, whole) in items.enumerated() {
            guard let item = cut(whole, limit) else { continue }
            if item != whole { shortened += 1 }
            fitted.append((place, item))
        }
        let leftOut = items.count - fitted.count
        if shortened + leftOut > 0 {
            log(
                "max_length \(limit): of \(items.count) rows, \(shortened) lost their end, and \(leftOut) are left out, whose "
                    + "prompts leave no room for an answer")
        }
        guard !fitted.isEmpty || items.isEmpty else {
            throw StageFailure("no row has an answer within 'max_length', \(limit) tokens; raise it, or shorten the prompts")
        }
        try write(
            [
                "max_length": .count(limit), "rows": .count(items.count), "cut": .count(shortened), "left_out": .count(leftOut),
            ], to: LengthLimit.file)
        return fitted
    }

    /// Examples that are no longer than the training allows.
    func fitted(_ examples: [TrainingExample], to parameters: TrainingParameters) throws -> [TrainingExample] {
        try fitted(examples, to: parameters) { $0.cut(to: $1) }.map(\.item)
    }
}
