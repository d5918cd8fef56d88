import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension DataRetrieve: RunnableStage {
    static let recall = File<JSON>("recall.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets, .figures(recall),
    ]

    package func run(in context: StageContext) throws {
        let sets = try context.readSets()
        let elsewhere = sets.functionsOfNamedSets
        let functions = try context.readFunctions("data").values
            .filter { !elsewhere.contains($0.name) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let described = try context.readDescriptions()
        let search = try DocumentSearch(
            method, documents: functions.map { $0.described(by: described[$0.name]).document(document) },
            named: functions.map(\.name), queries: sets.queries, instruction: queryInstruction, in: context)
        let hidden = sets.unseenInTraining
        let found = Array(functions.indices.filter(search.canFind))
        let pool = found.filter { !hidden.contains(functions[$0].name) }
        let measured = ([topK] + recallAt).max() ?? topK
        var recalls: [String: Recall] = [:]
        let retrieved = sets.mapRows { row, set in
            guard !RowSets.isNamed(set), !row.isApart else { return row }
            let isTraining = set == RowSets.training
            let places = search.scores(for: row.query).nearest(measured, among: isTraining ? pool : found)
            let ranked = places.map { functions[$0].name }
            if !row.isUnlabelled { recalls[set, default: Recall(upTo: topK, and: recallAt)].add(row, ranked: ranked) }
            var row = row
            let kept = Array(ranked.prefix(topK))
            row.functions = isTraining && addMissed ? Self.adding(row.answers.map(\.name), to: kept) : kept
            return row
        }
        try context.write(retrieved)
        try context.copy(DataFiles.functions.name, from: "data")
        try context.write(context.readTaskDescription())
        var figures: [String: JSON] = [
            "method": .string(method.rawValue), "functions": .count(functions.count),
            "training_functions": .count(pool.count), "sets": .object(recalls.mapValues(\.json)),
        ]
        if !recallAt.isEmpty || method == .classifier {
            let lost = functions.indices.filter { !search.canFind($0) }.map { functions[$0].name }
            figures["extensible"] = .bool(method != .classifier)
            figures["never_found"] = .array(lost.map(JSON.string))
        }
        try context.write(.object(figures), to: Self.recall)
    }

    /// The list with all wanted names: missing ones replace the farthest names that are not wanted.
    private static func adding(_ wanted: [String], to ranked: [String]) -> [String] {
        let missed = Set(wanted).subtracting(ranked).sorted()
        var left = ranked
        for _ in missed {
            if let place = left.lastIndex(where: { !wanted.contains($0) }) { left.remove(at: place) }
        }
        return left + missed
    }
}

extension FunctionDefinition {
    /// The text of a function that is ranked: its name cut into words, and its description.
    var shortText: String { [Self.words(of: name), summary].filter { !$0.isEmpty }.joined(separator: "\n") }

    /// The text of a function that is ranked, in one of its forms.
    func document(_ form: DocumentForm) -> String {
        switch form {
        case .text: searchText
        case .json: definitionText
        }
    }

    /// Its definition as JSON.
    var definitionText: String {
        let definition: JSON = ["name": .string(name), "description": .string(summary), "parameters": parameters]
        return definition.canonicalText
    }

    /// The function with another description, where there is one.
    func described(by text: String?) -> FunctionDefinition {
        var function = self
        if let text { function.summary = text }
        return function
    }

    /// The text of a function for the search: its name cut into words, its description, and a line for each parameter.
    var searchText: String {
        let parameters = properties.map { name, schema in
            ([Self.words(of: name)] + [schema["description"]?.string].compactMap { $0 }).joined(separator: ": ")
        }
        return ([Self.words(of: name), summary] + parameters).filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private static func words(of name: String) -> String { SearchTerms.words(of: name).joined(separator: " ") }
}
