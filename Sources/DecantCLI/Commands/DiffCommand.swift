import ArgumentParser
import Store

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare two builds or two artifacts: recipe fields, stages, figures.")

    @Argument(help: "A build (RECIPE for its newest, RECIPE~1 for the one before, a tag, a commit), or an artifact.")
    var old: String

    @Argument(help: "What to compare it with; without it, the build is compared with the one before it.")
    var new: String?

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try storeOptions.open()
        let (json, text) =
            switch try pair(in: store) {
            case (.build(let old), .build(let new)):
                { ($0.json, $0.text) }(try BuildComparison(from: old, to: new, in: store))
            case (.target(let old), .target(let new)):
                { ($0.json, $0.text) }(try ArtifactComparison(from: old, to: new, in: store))
            default:
                throw CommandFailure.badInput("one of the two is a build, the other an artifact: name two of a kind")
            }
        Console.output(output.asJSON ? json.canonicalText : text)
    }

    private func pair(in store: Store) throws -> (StoredReference, StoredReference) {
        if let new { return (try StoredReference(old, in: store), try StoredReference(new, in: store)) }
        guard let newest = try store.findBuild(old) else {
            throw CommandFailure.badInput("'\(old)' is no build; name a second one to compare it with", hint: "log")
        }
        guard let before = try newest.previous.flatMap({ try store.build($0) }) else {
            throw CommandFailure.badInput("'\(old)' is the first build of \(newest.recipe): there is none before it")
        }
        return (.build(before), .build(newest))
    }
}
