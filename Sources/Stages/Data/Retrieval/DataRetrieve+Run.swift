import CanonicalJSON
import Engine
import Kinds

extension DataRetrieve: RunnableStage {
    package func run(in context: StageContext) throws {
        let sets = try context.readSets()
        let elsewhere = sets.functionsOfNamedSets
        let functions = try context.readFunctions("data").values
            .filter { !elsewhere.contains($0.name) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let search = try DocumentSearch(
            method, documents: functions.map(\.searchText), queries: sets.queries, in: context)
        let hidden = sets.unseenInTraining
        let pool = functions.indices.filter { !hidden.contains(functions[$0].name) }
        var recalls: [String: Recall] = [:]
        let retrieved = sets.mapRows { row, set in
            guard !RowSets.isNamed(set) else { return row }
            let isTraining = set == RowSets.training
            let places = search.scores(for: row.query).nearest(topK, among: isTraining ? pool : Array(functions.indices))
            let ranked = places.map { functions[$0].name }
            recalls[set, default: Recall(upTo: topK)].add(row, ranked: ranked)
            var row = row
            row.functions = isTraining && addMissed ? Self.adding(row.answers.map(\.name), to: ranked) : ranked
            return row
        }
        try context.write(retrieved)
        try context.copy("functions.json", from: "data")
        try context.write(
            [
                "method": .string(method.rawValue), "functions": .integer(Int64(functions.count)),
                "training_functions": .integer(Int64(pool.count)), "sets": .object(recalls.mapValues(\.json)),
            ], to: "recall.json")
    }

    /// The list with all wanted names: those that it lacks take the places of the least near that are not wanted.
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
    /// What a search reads of a function: its name cut into words, its description, and a line for each parameter.
    var searchText: String {
        let parameters = properties.map { name, schema in
            ([Self.words(of: name)] + [schema["description"]?.string].compactMap { $0 }).joined(separator: ": ")
        }
        return ([Self.words(of: name), summary] + parameters).filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private static func words(of name: String) -> String { SearchTerms.words(of: name).joined(separator: " ") }
}
