/// The files of a new domain: small enough to build in some two minutes, complete enough to change line by line.
enum Scaffold {
    /// Texts by path.
    static func files(for name: String) -> [(path: String, text: String)] {
        [("\(name).yaml", recipe(name)), ("\(name)/functions.yaml", functions), ("\(name)/utterances.yaml", utterances)]
    }

    private static func recipe(_ name: String) -> String {
        """
        # 'decant check' says what is wrong with this file, 'decant plan' what a build would run, 'decant build' runs it.
        decant: 1
        name: \(name)
        description: What the models of this domain are for.

        sources:
          functions: {path: \(name)/functions.yaml}      # what can be called
          utterances: {path: \(name)/utterances.yaml}    # how people ask for it

        data:
          generate: {functions: functions, templates: utterances, count: 3k}
          split: {test: 5%, valid: 2%, limit: {phrasing: 300}}
          augment: {copies: 3}    # capitals, marks, typing errors, polite words; and the test set 'robust'
          prompt: query

        tokenizer: {vocabulary: 400}
        teacher: {init: {hidden: 128, layers: 3, heads: 4, kv_heads: 2, intermediate: 256}, transfer: "SFT(steps: 900)"}
        student: {init: {hidden: 96, layers: 3, heads: 4, kv_heads: 2, intermediate: 192}}

        transfer: "KD[0.5FKL+0.5CE](steps: 900)"    # the student learns from the teacher's logits and from its answers
        prune: {ratio: 20%, recover: "KD(steps: 100)"}
        quantize: {scheme: W8A16, group_size: 32}
        evaluate: {sets: [test, phrasing, robust], metrics: [ar, exact, flops]}

        """
    }

    private static let functions = """
        # Names, descriptions and parameters. A parameter has a type: string, integer, number, boolean, or array with 'items'.
        set_light:
          description: Turn the light of a room on or off.
          parameters:
            room: {type: string, enum: [kitchen, bedroom, bathroom, hall, office]}
            on: {type: boolean}
            brightness: {type: integer, description: In percent.}
          required: [room, on]    # all others may be left out
        add_items:
          description: Put things on the shopping list.
          parameters:
            items: {type: array, items: {type: string}}
        start_timer:
          description: Start a timer.
          parameters:
            minutes: {type: integer}
        cancel_timer:
          description: Cancel the running timer.
        read_list:
          description: Read the shopping list out.

        """

    private static let utterances = """
        # A slot takes one of its values; {say: …, value: …} is said otherwise than it is called.
        slots:
          room: [kitchen, bedroom, bathroom, hall, office, {say: bath, value: bathroom}, {say: study, value: office}]
          on: [{say: "on", value: true}, {say: "off", value: false}]
          # Of few values a model learns the combinations by heart; of many it learns to repeat what was said.
          item: [milk, bread, eggs, apples, rice, tea, butter, onions, cheese, flour, sugar, salt, coffee, pasta, carrots, potatoes,
            bananas, soap, honey, yoghurt, lemons, oats, beans, tomatoes]
          minutes: {from: 1, to: 60}
          percent: {from: 10, to: 100, step: 10}
        templates:
          set_light:
            - "turn {on} the {room} lights"
            - "turn the {room} lights {on}"
            - "turn the lights in the {room} {on}"
            - "turn {on} the light in the {room}"
            - "switch {on} the lights in the {room}"
            - "switch the {room} light {on}"
            - "lights {on} in the {room}"
            - "{room} lights {on}"
            - "i want the {room} lights {on}"
            - {text: "it is too dark in the {room}", arguments: {on: true}}
            - {text: "nobody needs light in the {room}", arguments: {on: false}}
            - {text: "set the {room} lights to {brightness:percent} percent", arguments: {on: true}}
            - {text: "dim the lights in the {room} to {brightness:percent} percent", arguments: {on: true}}
            - {text: "{room} lights at {brightness:percent} percent", arguments: {on: true}}
          add_items:    # an array gets an element from each gap
            - "put {items:item} on the list"
            - "put {items:item} on the shopping list"
            - "add {items:item} to the shopping list"
            - "add {items:item} to the list"
            - "we need {items:item}"
            - "we are out of {items:item}"
            - "i have to buy {items:item}"
            - "put {items:item} and {items:item} on the list"
            - "add {items:item} and {items:item} to the shopping list"
            - "we need {items:item} and {items:item}"
            - "buy {items:item}, {items:item} and {items:item}"
            - "add {items:item}, {items:item} and {items:item} to the list"
            - "put {items:item}, {items:item} and {items:item} on the list"
            - "we need {items:item}, {items:item} and {items:item}"
          start_timer:
            - "start a timer for {minutes} minutes"
            - "set a timer for {minutes} minutes"
            - "set a {minutes} minute timer"
            - "remind me in {minutes} minutes"
            - "wake me after {minutes} minutes"
            - "count down {minutes} minutes"
            - "timer for {minutes} minutes"
            - "{minutes} minutes"
          cancel_timer:
            - "cancel the timer"
            - "stop the timer"
            - "forget the countdown"
            - "turn the timer off"
            - "i do not need the timer any more"
            - "end the countdown"
            - "no timer"
            - "cancel my timer"
            - "stop my timer"
            - "switch the timer off"
            - "i do not need the timer"
            - "i do not want the timer any more"
            - "forget the timer"
            - "stop the countdown"
            - "drop the timer"
          read_list:
            - "read the shopping list"
            - "read the list"
            - "read my shopping list"
            - "read the list out"
            - "what is on the list"
            - "what is on my shopping list"
            - "what do we need to buy"
            - "tell me the list"
            - "show me the shopping list"
            - "show me the list"
            - "show me what is on the list"
            - "what is on the shopping list"
            - "what do i have to buy"
            - "what do we need"
            - "tell me the shopping list"
            - "list everything we need"
        # What wants no call. The more there is of it, the better the model knows what it cannot do.
        no_call:
          - "good morning"
          - "good night"
          - "how are you"
          - "what a day"
          - "never mind"
          - "tell me a joke"
          - "what is the capital of france"
          - "who won the game last night"
          - "how tall is the tower"
          - "play some music"
          - "play a song"
          - "read me a story"
          - "show me the news"
          - "open the window in the {room}"
          - "how warm is it in the {room}"
          - "where is the {item}"
          - "how do i cook {item}"
          - "is {item} good for me"
          - "what time is it"
          - "what is the weather like"
          - "call my mother"
          - "send a message to anna"
          - "i like the {room}"
          - "what can you do"
          - "the {room} is nice"
          - "{item} and {item} taste good"
          - "that took {minutes} minutes"

        """
}
