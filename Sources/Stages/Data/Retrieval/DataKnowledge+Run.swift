import Engine
import Kinds

extension DataKnowledge: RunnableStage {
    package func run(in context: StageContext) throws {
        let snippets = try SnippetsReader.snippets(in: context)
        let sets = try context.readSets()
        let search = try DocumentSearch(method, documents: snippets, queries: sets.queries, in: context)
        let informed = sets.mapRows { row, _ in
            let scores = search.scores(for: row.query)
            let near = method == .bm25 ? snippets.indices.filter { scores[$0] > 0 } : Array(snippets.indices)
            var row = row
            row.background.knowledge = scores.nearest(topK, among: near).map { snippets[$0] }
            return row
        }
        try context.write(informed)
        try context.copy("functions.json", from: "data")
    }
}
