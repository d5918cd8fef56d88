import Foundation
import Fuzzing

// usage: ParserFuzzer [--list] [--target NAME]... [--seconds N] [--seed N] [--findings FOLDER] [--repeat FILE]
//
// Gives each target inputs for so many seconds, and says how many, the slowest and the most memory. An input that ends the
// process, takes more than 2 s or more than 512 MiB is kept. `--repeat` gives one file to one target in this process.
let arguments = FuzzArguments(CommandLine.arguments.dropFirst())
if arguments.lists {
    for target in FuzzTarget.all { say(target.name) }
    exit(0)
}
if let child = arguments.child {
    FuzzChild.run(child, arguments)
    exit(0)
}
if let file = arguments.repeated {
    FuzzChild.repeatFile(file, arguments)
    exit(0)
}
var findings = 0
for target in FuzzTarget.all where arguments.targets.isEmpty || arguments.targets.contains(target.name) {
    let report = FuzzParent(target, arguments).run()
    say(report.text)
    findings += report.findings
}
exit(findings == 0 ? 0 : 1)
