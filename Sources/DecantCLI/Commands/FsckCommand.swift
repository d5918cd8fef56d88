import ArgumentParser
import CanonicalJSON
import Store

struct FsckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Check every object, ref and stage commit of the store.")

    @OptionGroup var storeOptions: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let check = try storeOptions.open().check()
        if output.asJSON {
            Console.output(
                JSON.object([
                    "objects": .integer(Int64(check.objects)), "commits": .integer(Int64(check.commits)),
                    "problems": .array(check.problems.map(JSON.string)),
                ]).canonicalText)
        } else {
            for problem in check.problems { Console.output(problem) }
            Console.output("\(check.objects) objects, \(check.commits) stage commits, \(check.problems.count) problems")
        }
        if !check.problems.isEmpty { throw CommandFailure(status: ExitStatus.stageFailed, message: nil, hint: nil) }
    }
}
