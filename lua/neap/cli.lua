return function() print("hello") return 0 end
