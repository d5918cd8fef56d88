import ArgumentParser
import CanonicalJSON
import Store

struct LineageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage", abstract: "Show everything that an artifact was made from, as a tree of stages.")

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case tree
        case dot
    }

    @Argument(help: "A stage or target of a recipe's last build (BUILD:NAME for another build), a tag, or a commit.")
    var target: String

    @Option(help: "tree, or dot (Graphviz).")
    var format = Format.tree

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try storeOptions.open()
        let stored = try StoredTarget(target, in: store)
        let rendering = LineageRendering(
            lineage: try store.lineage(of: stored.record), names: try StageNames(around: stored, in: store))
        if output.asJSON {
            let json: JSON = [
                "name": .string(stored.name), "commit": .string(stored.record.commit.hex),
                "artifact": .string(stored.record.artifact.digest.hex), "stages": rendering.json,
            ]
            Console.output(json.canonicalText)
        } else {
            Console.output(format == .dot ? rendering.dot : rendering.tree)
        }
    }
}
